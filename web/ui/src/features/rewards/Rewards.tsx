import { infiniteQueryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useRouteContext, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { ExportButton } from "../../components/ExportButton";
import { Modal, ModalButtons } from "../../components/Modal";
import { Money } from "../../components/Money";
import { PageHead } from "../../components/PageHead";
import { PeriodPicker } from "../../components/PeriodPicker";
import { ListFoot, RecordTable, RowsSkeleton, type Column } from "../../components/RecordTable";
import { Failed, NothingYet } from "../../components/states";
import { tabClass, Tabs } from "../../components/Tabs";
import { Tag } from "../../components/Tag";
import { api } from "../../lib/api";
import type { RewardsResult } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { rewardsWords } from "../../lib/i18n/pages/rewards";
import { fundQuery } from "../../lib/queries";

type Reward = RewardsResult["rows"][number];
type Kind = RewardsResult["kind"];
const kinds: readonly Kind[] = ["rebate", "shared", "task"];
/** What is on screen; the rest is in the export. */
const shownPeriod = "last_7_days";

const rewardsQuery = (kind: Kind) =>
  infiniteQueryOptions({
    queryKey: ["rewards", kind],
    queryFn: ({ pageParam, signal }) => api.get<RewardsResult>("/v1/rewards", { kind, period: shownPeriod, limit: 50, cursor: pageParam || undefined }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor || undefined,
    staleTime: 30_000,
  });

/** The records of what was earned, by kind. */
export function Rewards() {
  const { t, f } = useWords();
  const w = usePageWords(rewardsWords);
  const c = usePageWords(commonWords);
  const { kind: asked } = useSearch({ from: "/signed-in/partner/rewards" });
  const kind = kinds.find((k) => k === asked) ?? "rebate";
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage, refetch } = useInfiniteQuery(rewardsQuery(kind));
  const { data: fund } = useQuery(fundQuery);
  const [exporting, setExporting] = useState(false);
  const first = data?.pages[0];
  const rows = data?.pages.flatMap((p) => p.rows) ?? [];

  return (
    <>
      <PageHead title={t.pages.rewards} sub={first ? [f.range(first, first.zone), first.zone, t.figures.asOf(f.instant(first.asOf, first.zone))].join(" · ") : t.states.loading}>
        <Button onClick={() => setExporting(true)} aria-haspopup="dialog">
          <Download className="size-4" aria-hidden="true" />
          {w.exportButton}
        </Button>
      </PageHead>
      <Tabs label={t.pages.rewards}>
        {kinds.map((k) => (
          <li key={k}>
            <Link to="/rewards" search={{ kind: k === "rebate" ? undefined : k }} aria-current={k === kind ? "page" : undefined} activeProps={{}} className={tabClass}>
              {w.kinds[k]}
            </Link>
          </li>
        ))}
      </Tabs>
      <p className="mt-3 text-sm text-ink-2">{w.about[kind]}</p>

      <dl className="card mt-4 grid grid-cols-2 gap-x-4 gap-y-4 p-4 sm:grid-cols-4 sm:p-5">
        <Sum name={w.total} value={first?.total.commission ?? first?.total.sharedReceived ?? first?.total.taskRewards} />
        <Sum name={w.settled} hint={w.settledHint} value={first?.total.settled} />
        <Sum name={w.unsettled} hint={w.unsettledHint} value={first?.total.unsettled} />
        <Sum name={w.fund} value={fund?.balance} />
      </dl>

      <div className="card mt-4 min-w-0 overflow-hidden" aria-busy={!data}>
        {error && !data ? (
          <Failed error={error} onRetry={() => void refetch()} />
        ) : !first ? (
          <RowsSkeleton label={t.states.loading} />
        ) : rows.length === 0 ? (
          <NothingYet title={w.nothing[kind] ?? ""} text={w.nothingText[kind] ?? ""}>
            {kind === "task" && <Button onClick={() => setExporting(true)}>{w.exportButton}</Button>}
          </NothingYet>
        ) : (
          <Table rows={rows} kind={kind} zone={first.zone} />
        )}
      </div>
      {rows.length > 0 && <ListFoot shown={`${c.shownOnly(f.count(rows.length))}. ${w.only7}`} loading={isFetchingNextPage} onMore={hasNextPage ? () => void fetchNextPage() : undefined} />}
      <ExportDialog kind={kind} open={exporting} onClose={() => setExporting(false)} />
    </>
  );
}

function Sum({ name, hint, value }: { name: string; hint?: string; value?: string }) {
  const { f } = useWords();
  return (
    <div className="min-w-0">
      <dt className="text-xs text-ink-2">
        {name} <span className="text-ink-3">USDT</span>
      </dt>
      <dd className="text-lg font-semibold tracking-tight wrap-anywhere tabular-nums" title={value && f.money(value)}>{value === undefined ? "–" : f.moneyShort(value)}</dd>
      {hint && <dd className="text-xs text-ink-2">{hint}</dd>}
    </div>
  );
}

function Table({ rows, kind, zone }: { rows: readonly Reward[]; kind: Kind; zone: string }) {
  const { t, f } = useWords();
  const w = usePageWords(rewardsWords);
  const late = (r: Reward) => Date.parse(r.key) - Date.parse(r.day) > 86_400_000;
  const uid = (r: Reward) =>
    kind === "rebate" ? (
      <Link to="/referees/$uid" params={{ uid: String(r.uid) }} className="font-medium text-accent underline-offset-2 hover:underline">
        {r.uid}
      </Link>
    ) : (
      <span>{r.uid}</span>
    );
  const status = (r: Reward) => <Tag tone={r.status === "settled" ? "up" : "plain"}>{w.states[r.status]}</Tag>;
  const product = (r: Reward) => t.values[r.product] ?? r.product;
  const columns: Column<Reward>[] = [
    { key: "settlement", label: w.settlement, cell: (r) => f.instant(r.settledAt, zone) },
    { key: "earned", label: w.earned, cell: (r) => <span className="whitespace-nowrap">{f.shortDate(`${r.day}T00:00:00Z`, "UTC")}{late(r) && <span className="text-xs text-ink-2"> · {w.late}</span>}</span> },
    { key: "from", label: t.referee.uid, cell: uid },
    { key: "product", label: w.product, cell: product },
    { key: "status", label: w.status, cell: status },
    { key: "amount", label: w.amount, end: true, cell: (r) => <Money value={r.amount} /> },
  ];
  return (
    <RecordTable
      caption={w.kinds[kind] ?? kind}
      columns={columns}
      rows={rows}
      rowKey={(r) => `${r.key} ${r.day} ${r.uid} ${r.product}`}
      card={(r) => (
        <div className="flex items-start justify-between gap-3 text-sm">
          <div className="min-w-0">
            <p>
              {uid(r)} · {product(r)}
            </p>
            <p className="text-xs text-ink-2 tabular-nums">
              {w.earned} {f.shortDate(`${r.day}T00:00:00Z`, "UTC")}
              <span className="block">
                {w.settlement} {f.instant(r.settledAt, zone)}
              </span>
            </p>
          </div>
          <div className="flex shrink-0 flex-col items-end gap-1">
            <span className="font-semibold"><Money value={r.amount} /></span>
            {status(r)}
          </div>
        </div>
      )}
    />
  );
}

function ExportDialog({ kind, open, onClose }: { kind: Kind; open: boolean; onClose: () => void }) {
  const w = usePageWords(rewardsWords);
  const c = usePageWords(commonWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const [period, setPeriod] = useState("last_90_days");
  return (
    <Modal open={open} onClose={onClose} title={`${w.exportTitle}: ${w.kinds[kind] ?? kind}`} text={w.exportText}>
      <div className="mt-4">
        <PeriodPicker period={period} zone={session.zone} onChange={setPeriod} />
      </div>
      <ModalButtons>
        <Button onClick={onClose}>{c.close}</Button>
        <ExportButton list="rewards" query={{ kind, period }} variant="primary" />
      </ModalButtons>
    </Modal>
  );
}
