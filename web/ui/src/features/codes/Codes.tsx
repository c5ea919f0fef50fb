import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouteContext, useSearch } from "@tanstack/react-router";
import { Copy, Pencil, Plus, QrCode, Star } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Meter } from "../../components/Bars";
import { Button, IconButton } from "../../components/Button";
import { ExportButton } from "../../components/ExportButton";
import { PageHead } from "../../components/PageHead";
import { PeriodPicker } from "../../components/PeriodPicker";
import { RecordTable, RowsSkeleton, type Column } from "../../components/RecordTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { Tag } from "../../components/Tag";
import type { CodesResult } from "../../lib/contract";
import { useCopy } from "../../lib/copy";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { codesWords } from "../../lib/i18n/pages/codes";
import { commonWords } from "../../lib/i18n/pages/common";
import { CodeDialog } from "./CodeForm";
import { codesQuery, maxCodes, ratesQuery, useDefaultCode, type CodeRow } from "./data";

const ShareDialog = lazy(() => import("./ShareDialog"));
const usual = "this_month";

/** The partner's codes: what they give, what came through each, and how they are shared. */
export function Codes() {
  const { t, f } = useWords();
  const w = usePageWords(codesWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const { period = usual } = useSearch({ from: "/signed-in/partner/codes" });
  const navigate = useNavigate({ from: "/codes" });
  const { data, error, isPlaceholderData, refetch } = useQuery({ ...codesQuery(period), placeholderData: keepPreviousData });
  const [dialog, setDialog] = useState<{ code?: CodeRow }>();
  const [shared, setShared] = useState<string>();
  const full = (data?.rows.length ?? 0) >= maxCodes;

  return (
    <>
      <PageHead title={t.pages.codes} sub={data && !isPlaceholderData ? [f.range(data, data.zone), data.zone, t.figures.asOf(f.instant(data.asOf, data.zone))].join(" · ") : t.states.loading}>
        <PeriodPicker period={period} zone={session.zone} onChange={(p) => void navigate({ search: (s) => ({ ...s, period: p === usual ? undefined : p }) })} />
        <ExportButton list="codes" query={{ period }} />
        <Button variant="primary" onClick={() => setDialog({})} disabled={full} title={full ? w.full : undefined}>
          <Plus className="size-4" aria-hidden="true" />
          {w.newCode}
        </Button>
      </PageHead>
      <Terms count={data?.rows.length} />
      <div className={`card mt-4 min-w-0 overflow-hidden ${isPlaceholderData ? "opacity-60 transition-opacity" : ""}`} aria-busy={!data || isPlaceholderData}>
        {error && !data ? (
          <Failed error={error} onRetry={() => void refetch()} />
        ) : !data ? (
          <RowsSkeleton label={t.states.loading} rows={5} />
        ) : data.rows.length === 0 ? (
          <NothingYet title={w.nothingYet} text={w.nothingYetText}>
            <Button variant="primary" onClick={() => setDialog({})}>{w.newCode}</Button>
          </NothingYet>
        ) : (
          <Table data={data} onEdit={(code) => setDialog({ code })} onShare={setShared} />
        )}
      </div>
      <CodeDialog open={dialog !== undefined} code={dialog?.code} onClose={() => setDialog(undefined)} />
      <Suspense>{shared && <ShareDialog code={shared} onClose={() => setShared(undefined)} />}</Suspense>
    </>
  );
}

/** What the partner earns, and how many codes are left. */
function Terms({ count }: { count?: number }) {
  const { f } = useWords();
  const { session } = useRouteContext({ from: "/signed-in" });
  const w = usePageWords(codesWords);
  const { data: rates, error } = useQuery(ratesQuery);
  return (
    <section className="card mt-5 flex flex-wrap items-center justify-between gap-x-8 gap-y-4 p-4 sm:px-5" aria-labelledby="rates">
      <div>
        <h2 id="rates" className="text-sm font-medium">{w.yourRates}</h2>
        <p className="min-h-[1.125rem] text-xs text-ink-2">{rates && w.since(f.date(rates.since, session.zone))}</p>
      </div>
      <dl className="flex flex-wrap gap-x-8 gap-y-3">
        <Rate name={w.spotRate} value={rates?.spotRate} failed={!!error} />
        <Rate name={w.futuresRate} value={rates?.futuresRate} failed={!!error} />
        <div className="w-36">
          <dt className="text-xs text-ink-2">{w.used}</dt>
          <dd className="text-lg font-semibold tracking-tight tabular-nums">
            {count === undefined ? <Skeleton className="h-6 w-16" /> : w.ofMax(f.count(count), f.count(maxCodes))}
            <Meter part={(count ?? 0) / maxCodes} />
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Rate({ name, value, failed }: { name: string; value?: string; failed: boolean }) {
  const { f } = useWords();
  return (
    <div>
      <dt className="text-xs text-ink-2">{name}</dt>
      <dd className="text-lg font-semibold tracking-tight tabular-nums">{value !== undefined ? f.rate(value) : failed ? "–" : <Skeleton className="h-6 w-14" />}</dd>
    </div>
  );
}

function Table({ data, onEdit, onShare }: { data: CodesResult; onEdit: (c: CodeRow) => void; onShare: (code: string) => void }) {
  const { t, f } = useWords();
  const w = usePageWords(codesWords);
  const c = usePageWords(commonWords);
  const copy = useCopy();
  const makeDefault = useDefaultCode();
  const { period } = useSearch({ from: "/signed-in/partner/codes" });
  const name = (r: CodeRow) => (
    <span className="flex items-center gap-1.5">
      <Link to="/codes/$code" params={{ code: r.key }} search={{ period }} className="font-medium text-accent underline-offset-2 hover:underline">
        {r.key}
      </Link>
      <IconButton label={w.copyCode(r.key)} size="small" onClick={() => void copy(r.key, w.theCode(r.key))}>
        <Copy aria-hidden="true" />
      </IconButton>
      {r.default && <Tag tone="accent">{w.default}</Tag>}
    </span>
  );
  const actions = (r: CodeRow) => (
    <span className="flex items-center justify-end">
      <IconButton label={`${w.share}: ${r.key}`} size="small" onClick={() => onShare(r.key)}>
        <QrCode aria-hidden="true" />
      </IconButton>
      <IconButton label={w.editTitle(r.key)} size="small" onClick={() => onEdit(r)}>
        <Pencil aria-hidden="true" />
      </IconButton>
      <IconButton label={r.default ? w.isDefault(r.key) : `${w.makeDefault}: ${r.key}`} size="small" disabled={r.default} onClick={() => makeDefault.mutate(r.key)}>
        <Star className={r.default ? "fill-current" : ""} aria-hidden="true" />
      </IconButton>
    </span>
  );
  const rates = (r: CodeRow) => `${f.rate(r.spotRebateRate)} / ${f.rate(r.futuresRebateRate)}`;
  const referees = (r: CodeRow) => (
    <Link to="/referees" search={{ code: r.key }} className="text-accent underline-offset-2 hover:underline" title={w.split(f.count(r.direct), f.count(r.indirect))}>
      {f.count(r.referees)}
    </Link>
  );
  const columns: Column<CodeRow>[] = [
    { key: "code", label: t.groups.code, cell: (r) => <>{name(r)}<span className="block text-xs font-normal text-ink-2">{w.created} {f.date(r.createdAt, data.zone)}</span></> },
    { key: "rebates", label: w.rebatesShort, end: true, cell: rates },
    { key: "referees", label: w.referees, end: true, cell: referees },
    { key: "new", label: t.metrics.newReferrals ?? "", end: true, cell: (r) => f.count(r.newReferrals) },
    { key: "commission", label: `${t.metrics.commission}, USDT`, end: true, cell: (r) => <span title={f.money(r.commission)}>{f.moneyShort(r.commission)}</span> },
    { key: "volume", label: `${t.metrics.volume}, USDT`, end: true, cell: (r) => <span title={f.money(r.volume)}>{f.brief(r.volume)}</span> },
    { key: "note", label: w.note, cell: (r) => <span className="line-clamp-2 max-w-56 min-w-24 wrap-anywhere" title={r.note}>{r.note ?? ""}</span> },
    { key: "actions", label: c.actions, end: true, cell: actions },
  ];
  return (
    <>
      <RecordTable
        caption={t.pages.codes}
        columns={columns}
        rows={data.rows}
        rowKey={(r) => r.key}
        card={(r) => (
          <div className="text-sm">
            <div className="flex flex-wrap items-center justify-between gap-2">
              {name(r)}
              {actions(r)}
            </div>
            <div className="mt-1 flex items-baseline justify-between gap-3 tabular-nums">
              <span className="text-xs text-ink-2">{t.metrics.commission}, USDT</span>
              <span className="font-semibold">{f.moneyShort(r.commission)}</span>
            </div>
            <p className="text-xs text-ink-2 tabular-nums">{[`${w.rebates}: ${rates(r)}`, `${w.referees}: ${f.count(r.referees)}`, `${t.metrics.newReferrals}: ${f.count(r.newReferrals)}`].join(" · ")}</p>
            {r.note && <p className="mt-0.5 text-xs wrap-anywhere text-ink-2">{r.note}</p>}
          </div>
        )}
      />
      <p className="border-t border-line px-4 py-2.5 text-sm text-ink-2 tabular-nums">
        {t.figures.total}: <span className="font-semibold text-ink">{f.money(data.total.commission)} USDT</span> · {w.referees} {f.count(data.total.referees)} · {t.metrics.newReferrals} {f.count(data.total.newReferrals)}
      </p>
    </>
  );
}
