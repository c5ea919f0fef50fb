import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouteContext, useSearch } from "@tanstack/react-router";
import { ListFilter, Search, X } from "lucide-react";
import { useState } from "react";
import { Button, buttonClass, IconButton } from "../../components/Button";
import { Chips } from "../../components/Chips";
import { ExportButton } from "../../components/ExportButton";
import { PageHead } from "../../components/PageHead";
import { PeriodPicker } from "../../components/PeriodPicker";
import { ListFoot, RecordTable, RowsSkeleton, type Column } from "../../components/RecordTable";
import { Failed, NoMatch, NothingYet } from "../../components/states";
import { Tag } from "../../components/Tag";
import type { Referee } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { refereesWords } from "../../lib/i18n/pages/referees";
import { codesQuery } from "../codes/data";
import { refereesQuery } from "./data";
import { FilterDialog } from "./FilterDialog";
import { filterKeys, filterText, type FilterKey, type Filters } from "./filters";
import { Note } from "./NoteEditor";

const usual = "last_30_days";

/** The list of referees: filtered, in order, page by page. */
export function Referees() {
  const { t, f } = useWords();
  const c = usePageWords(commonWords);
  const w = usePageWords(refereesWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const { period = usual, sort = "registeredAt", order = "desc", ...search } = useSearch({ from: "/signed-in/partner/referees" });
  const navigate = useNavigate({ from: "/referees" });
  const [choosing, setChoosing] = useState(false);
  const filters: Filters = Object.fromEntries(filterKeys.flatMap((k) => (search[k] === undefined ? [] : [[k, search[k]]])));
  const query = { ...filters, period, sort, order };
  const { data, error, isPlaceholderData, fetchNextPage, hasNextPage, isFetchingNextPage, refetch } = useInfiniteQuery({ ...refereesQuery(query), placeholderData: keepPreviousData });
  const { data: codes } = useQuery(codesQuery("this_month"));
  const setFilters = (next: Filters) => void navigate({ search: (s) => ({ ...s, ...Object.fromEntries(filterKeys.map((k) => [k, next[k] ?? undefined])) }) });
  const first = data?.pages[0];
  const rows = data?.pages.flatMap((p) => p.rows) ?? [];
  const used = filterKeys.filter((k) => filters[k] !== undefined);

  return (
    <>
      <PageHead title={t.pages.referees} sub={first && !isPlaceholderData ? [used.length > 0 ? w.matches(f.count(first.total)) : w.inAll(f.count(first.total)), w.figuresOf(f.range(first, first.zone)), first.zone, t.figures.asOf(f.instant(first.asOf, first.zone))].join(" · ") : t.states.loading}>
        <PeriodPicker period={period} zone={session.zone} onChange={(p) => void navigate({ search: (s) => ({ ...s, period: p === usual ? undefined : p }) })} />
        <ExportButton list="referees" query={query} />
      </PageHead>

      <div className="mt-5 flex flex-wrap items-center gap-2">
        <SearchBox key={filters.q} value={filters.q ?? ""} onSearch={(q) => setFilters({ ...filters, q })} />
        <Button onClick={() => setChoosing(true)} aria-haspopup="dialog">
          <ListFilter className="size-4" aria-hidden="true" />
          {c.filters}
          {used.length > 0 && <span className="rounded-full bg-accent px-1.5 text-xs text-accent-ink tabular-nums">{f.count(used.length)}</span>}
        </Button>
      </div>
      <Chips
        label={c.filters}
        clear={c.clearAll}
        onClear={() => setFilters({})}
        chips={used.map((k: FilterKey) => {
          const text = filterText(k, filters[k] ?? "", t, f, w);
          return { key: k, text, remove: c.remove(text), onRemove: () => setFilters({ ...filters, [k]: undefined }) };
        })}
      />
      <FilterDialog
        open={choosing}
        filters={filters}
        codes={codes?.rows.map((r) => r.key) ?? []}
        onClose={() => setChoosing(false)}
        onApply={(next) => {
          setChoosing(false);
          setFilters(next);
        }}
      />

      <div className={`card mt-4 min-w-0 overflow-hidden ${isPlaceholderData ? "opacity-60 transition-opacity" : ""}`} aria-busy={!data || isPlaceholderData}>
        {error && !data ? (
          <Failed error={error} onRetry={() => void refetch()} />
        ) : !first ? (
          <RowsSkeleton label={t.states.loading} rows={10} />
        ) : rows.length > 0 ? (
          <Table
            rows={rows}
            zone={first.zone}
            period={period}
            sorting={{ by: sort, order: order === "asc" ? "asc" : "desc", onSort: (by, o) => void navigate({ search: (s) => ({ ...s, sort: by === "registeredAt" ? undefined : by, order: o === "desc" ? undefined : o }), resetScroll: false }) }}
          />
        ) : used.length > 0 ? (
          <NoMatch title={w.noMatch} text={w.noMatchText} clear={c.clearAll} onClear={() => setFilters({})} />
        ) : (
          <NothingYet title={w.nothingYet} text={w.nothingYetText}>
            <Link to="/codes" className={buttonClass("primary")}>{w.toCodes}</Link>
          </NothingYet>
        )}
      </div>
      {first && rows.length > 0 && <ListFoot shown={c.shown(f.count(rows.length), f.count(first.total))} loading={isFetchingNextPage} onMore={hasNextPage ? () => void fetchNextPage() : undefined} />}
    </>
  );
}

function SearchBox({ value, onSearch }: { value: string; onSearch: (q: string | undefined) => void }) {
  const w = usePageWords(refereesWords);
  const [text, setText] = useState(value);
  return (
    <form
      role="search"
      className="relative min-w-0 flex-1 basis-60 sm:max-w-sm"
      onSubmit={(e) => {
        e.preventDefault();
        onSearch(text.trim() || undefined);
      }}
    >
      <Search className="pointer-events-none absolute start-3 top-2.5 size-4 text-ink-2" aria-hidden="true" />
      <input type="search" aria-label={w.search} placeholder={w.search} value={text} maxLength={100} onChange={(e) => setText(e.target.value)} className="h-9 w-full min-w-0 rounded-md border border-line-strong bg-surface ps-9 pe-16 text-sm placeholder:text-ink-2 [&::-webkit-search-cancel-button]:hidden" />
      <span className="absolute end-1 top-0.5 flex">
        {value && (
          <IconButton label={w.clearSearch} size="small" onClick={() => onSearch(undefined)}>
            <X aria-hidden="true" />
          </IconButton>
        )}
        <IconButton label={w.searchButton} size="small" type="submit">
          <Search aria-hidden="true" />
        </IconButton>
      </span>
    </form>
  );
}

const tone = { active: "up", dormant: "plain", inactive: "plain" } as const;

function Table({ rows, zone, period, sorting }: { rows: readonly Referee[]; zone: string; period: string; sorting: React.ComponentProps<typeof RecordTable<Referee>>["sorting"] }) {
  const { t, f } = useWords();
  const w = usePageWords(refereesWords);
  const c = usePageWords(commonWords);
  const date = (at?: string) => (at ? <span className="whitespace-nowrap">{f.date(at, zone)}</span> : <span className="text-ink-3">–</span>);
  const country = (r: Referee) => (r.country === "unknown" ? t.values.unknown : f.country(r.country));
  const rebate = (r: Referee) => `${f.rate(r.spotRebateRate)} / ${f.rate(r.futuresRebateRate)}`;
  const link = (r: Referee) => (
    <Link to="/referees/$uid" params={{ uid: r.key }} search={{ period: period === usual ? undefined : period }} className="font-medium text-accent underline-offset-2 hover:underline">
      {r.key}
    </Link>
  );
  const state = (r: Referee) => (
    <span className="flex flex-wrap items-center gap-1">
      <Tag tone={tone[r.activity]}>{t.values[r.activity]}</Tag>
      {r.partner && <Tag tone="accent">{w.partnerTag}</Tag>}
    </span>
  );
  const relation = (r: Referee) => (
    <span className="whitespace-nowrap">
      {t.values[r.relation]}
      {r.subPartnerUid && <span className="block text-xs text-ink-2">{w.through(String(r.subPartnerUid))}</span>}
    </span>
  );
  const columns: Column<Referee>[] = [
    { key: "uid", label: t.referee.uid, cell: link },
    { key: "activity", label: t.referee.activity, cell: state },
    { key: "commission", label: `${t.metrics.commission}, USDT`, end: true, sorts: true, cell: (r) => <span title={f.money(r.commission)}>{f.moneyShort(r.commission)}</span> },
    { key: "volume", label: `${t.metrics.volume}, USDT`, end: true, sorts: true, cell: (r) => <span title={f.money(r.volume)}>{f.moneyShort(r.volume)}</span> },
    { key: "note", label: t.referee.note, cell: (r) => <Note uid={r.key} note={r.ownNote} /> },
    { key: "registeredAt", label: t.referee.registered, sorts: true, cell: (r) => date(r.registeredAt) },
    { key: "code", label: t.referee.code, cell: (r) => <span className="whitespace-nowrap">{r.code}</span> },
    { key: "relation", label: t.referee.relation, cell: relation },
    { key: "country", label: t.referee.country, cell: (r) => <span className="whitespace-nowrap">{country(r)}</span> },
    { key: "kyc", label: t.referee.kyc, cell: (r) => t.values[r.kyc] },
    { key: "verifiedAt", label: w.verified, cell: (r) => date(r.verifiedAt) },
    { key: "firstDepositAt", label: t.referee.firstDeposit, cell: (r) => date(r.firstDepositAt) },
    { key: "firstTradeAt", label: t.referee.firstTrade, cell: (r) => date(r.firstTradeAt) },
    { key: "lastTradeAt", label: t.referee.lastTrade, sorts: true, cell: (r) => date(r.lastTradeAt) },
    { key: "vip", label: t.referee.vip, end: true, cell: (r) => `${r.spotVip} / ${r.futuresVip}` },
    { key: "rebate", label: t.referee.rebate, end: true, cell: rebate },
  ];
  return (
    <RecordTable
      caption={t.pages.referees}
      columns={columns}
      rows={rows}
      rowKey={(r) => r.key}
      sorting={sorting}
      card={(r) => (
        <div className="text-sm">
          <div className="flex items-start justify-between gap-3">
            <span className="flex min-w-0 flex-wrap items-center gap-2">
              {link(r)}
              {state(r)}
            </span>
            <span className="shrink-0 text-end tabular-nums">
              <span className="font-semibold" title={f.money(r.commission)}>{f.moneyShort(r.commission)}</span>
              <span className="text-xs text-ink-3"> USDT</span>
            </span>
          </div>
          <p className="mt-1 text-xs text-ink-2 tabular-nums">
            {[t.values[r.relation], country(r), r.code, t.referee.since(f.shortDate(r.registeredAt, zone)), t.referee.traded(f.brief(r.volume))].join(" · ")}
          </p>
          <p className="mt-0.5 text-xs text-ink-2 tabular-nums">
            {[`${t.referee.kyc}: ${t.values[r.kyc]}`, `${w.vip} ${r.spotVip} / ${r.futuresVip}`, `${t.referee.lastTrade}: ${r.lastTradeAt ? f.shortDate(r.lastTradeAt, zone) : c.never}`].join(" · ")}
          </p>
          <div className="mt-1">
            <Note uid={r.key} note={r.ownNote} />
          </div>
        </div>
      )}
    />
  );
}
