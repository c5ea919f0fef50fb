import { CopyButton } from "../../../components/CopyButton";
import { DataTable } from "../../../components/DataTable";
import { Money } from "../../../components/Money";
import type { RewardsResult } from "../../../lib/contract";
import { approx } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { addDays } from "../../../lib/period";
import { Ask } from "./Ask";
import { traceReferee } from "./phrase";
import { Tag } from "./Section";

/** Reward records by settlement, with what is settled and what is not yet. */
export function RewardsCard({ title, data }: { title: string; data: RewardsResult }) {
  const { t, f } = useWords();
  const { total, rows, zone } = data;
  const whole = total.commission ?? total.sharedReceived ?? total.taskRewards ?? "0";
  const settled = approx(whole) > 0 ? (approx(total.settled) / approx(whole)) * 100 : 0;
  const lines = [["settlement", "day", "uid", "product", "amount", "status"], ...rows.map((r) => [r.settledAt, r.day, r.uid, r.product, r.amount, r.status])];
  /** The day's trades of the referee, that the record is the sum of. */
  const trades = (r: (typeof rows)[number]) => (data.kind === "rebate" ? traceReferee(r.uid, `${r.day}..${addDays(r.day, 1)}`) : undefined);
  return (
    <div className="space-y-3">
      <p className="flex items-baseline gap-1.5 text-2xl font-semibold tracking-tight">
        <span>
          <Money value={whole} />
        </span>
        <span className="text-xs font-normal text-ink-3">USDT</span>
      </p>
      {approx(whole) > 0 && (
        <div>
          <div aria-hidden="true" className="flex h-2 gap-0.5 overflow-hidden rounded-full bg-sunken">
            <div className="bg-accent" style={{ width: `${settled}%` }} />
            <div className="flex-1 bg-accent/35" />
          </div>
          <dl className="mt-2 flex flex-wrap justify-between gap-x-4 gap-y-1 text-sm">
            {(["settled", "unsettled"] as const).map((s) => (
              <div key={s} className="flex items-baseline gap-1.5">
                <dt className="flex items-baseline gap-1.5 text-ink-2">
                  <span aria-hidden="true" className={`size-2.5 rounded-[3px] ${s === "settled" ? "bg-accent" : "bg-accent/35"}`} />
                  {t.cards.rewardStatus[s]}
                </dt>
                <dd className="font-medium">
                  <Money value={total[s]} />
                </dd>
              </div>
            ))}
          </dl>
        </div>
      )}
      {data.kind === "task" && rows.length === 0 ? (
        <p className="text-sm text-ink-2">{t.cards.noTaskRewards}</p>
      ) : (
        <DataTable
          caption={title}
          className="max-h-96"
          columns={[{ label: t.cards.earnedOn }, { label: t.cards.from }, { label: "USDT", end: true }]}
          rows={rows.map((r) => ({
            key: `${r.key}-${r.day}-${r.uid}-${r.product}`,
            cells: [
              <span key="day" className="block">
                <span className="whitespace-nowrap">{f.bucket(r.day, "day", zone)}</span>
                <span className="block text-xs text-ink-2">{t.cards.settledAt(f.instant(r.settledAt, zone))}</span>
              </span>,
              <span key="from" className="block">
                <Ask call={trades(r)}>{r.uid}</Ask>
                <span className="block text-xs text-ink-2">{t.values[r.product] ?? r.product}</span>
              </span>,
              <span key="amount" className="flex flex-col items-end gap-0.5">
                <Money value={r.amount} />
                <Tag tone={r.status === "settled" ? "plain" : "accent"}>{t.cards.rewardStatus[r.status]}</Tag>
              </span>,
            ],
          }))}
        />
      )}
      {rows.length > 0 && (
        <div className="flex flex-wrap items-center justify-between gap-x-3">
          <p className="text-xs text-ink-2">{data.nextCursor ? t.cards.latest(rows.length) : t.cards.records(rows.length)}</p>
          <CopyButton text={lines.map((l) => l.join("\t")).join("\n")} label={t.cards.copyRows} />
        </div>
      )}
    </div>
  );
}
