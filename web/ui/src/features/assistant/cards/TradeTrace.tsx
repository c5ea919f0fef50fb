import type { ReactNode } from "react";
import { CopyButton } from "../../../components/CopyButton";
import { DataTable } from "../../../components/DataTable";
import { Money } from "../../../components/Money";
import { TableSwitch } from "../../../components/TableSwitch";
import type { TracedTrade, TraceResult } from "../../../lib/contract";
import { less } from "../../../lib/decimal";
import { approx, sign } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { Uid } from "./Ask";
import { Fact, Facts, Section } from "./Section";
import { VerdictTag } from "./TraceCard";

interface Share {
  key: string;
  label: string;
  amount: string;
  /** How it came to that. */
  note?: string;
  colour: string;
}

/** One trade: from its fee to what each one got of it, and what decided that. */
export function TradeTrace({ trade, data }: { trade: TracedTrade; data: TraceResult }) {
  const { t, f } = useWords();
  const metric = trade.relation === "own" ? "sharedReceived" : "commission";
  const first = data.rows.find((b) => b.kind === "trade");
  const yours = first?.commission ?? first?.sharedReceived ?? "0";
  const shares = useShares(trade, yours);
  const steps: { key: string; label: string; amount: string }[] = [
    { key: "gross", label: t.cards.feeGross, amount: trade.feeGross },
    { key: "deductions", label: t.cards.deductions, amount: sign(trade.deductions) === 0 ? "0" : `-${trade.deductions}` },
    { key: "paid", label: t.cards.feePaid, amount: trade.feePaid },
  ];
  return (
    <div className="space-y-4">
      <div>
        <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
          <p className="flex items-baseline gap-1.5 text-2xl font-semibold tracking-tight">
            <span>
              <Money value={data.total[metric] ?? "0"} />
            </span>
            <span className="text-xs font-normal text-ink-3">USDT</span>
          </p>
          {data.verdict && <VerdictTag code={data.verdict.code} />}
        </div>
        {data.verdict && (
          <p lang="en" className="mt-1 text-sm text-ink-2 wrap-anywhere">
            {data.verdict.text}
          </p>
        )}
      </div>
      <Section title={t.cards.feeShared}>
        <TableSwitch
          header={<p className="text-xs text-ink-2">USDT</p>}
          table={
            <DataTable
              caption={t.cards.feeShared}
              columns={[{ label: t.cards.step }, { label: "USDT", end: true }]}
              rows={[...steps, ...shares].map((s) => ({ key: s.key, cells: [s.label, f.money(s.amount)] }))}
            />
          }
        >
          <dl className="text-sm">
            {steps.map((s) => (
              <Row key={s.key} name={s.label} strong={s.key === "paid"}>
                <Money value={s.amount} />
              </Row>
            ))}
          </dl>
          {sign(trade.feePaid) > 0 && <Split shares={shares} whole={trade.feePaid} />}
        </TableSwitch>
      </Section>
      <Section title={t.cards.whatDecided}>
        <Decided trade={trade} zone={data.zone} />
      </Section>
    </div>
  );
}

// The fee paid goes to the trader as rebate, to those below me, to me, and what is left to those above and the platform.
function useShares(trade: TracedTrade, yours: string): Share[] {
  const { t, f } = useWords();
  const rest = (given: string) => less(less(trade.feePaid, given), yours);
  const left = (given: string): Share => ({ key: "rest", label: t.cards.platform, amount: rest(given), colour: "bg-earlier" });
  const rebate = trade.rebate ?? "0";
  if (trade.relation === "own") {
    return [{ key: "yours", label: t.cards.yours, amount: yours, note: trade.rebateRate && t.cards.rateOf(f.rate(trade.rebateRate), f.money(trade.feePaid)), colour: "bg-accent" }, left("0")];
  }
  const given = trade.level > 1 ? (trade.paidBelow ?? "0") : rebate;
  return [
    trade.level > 1
      ? { key: "below", label: t.cards.paidBelow, amount: given, colour: "bg-accent/45" }
      : { key: "rebate", label: t.cards.rebate, amount: given, note: trade.rebateRate && t.cards.rateOf(f.rate(trade.rebateRate), f.money(trade.feePaid)), colour: "bg-accent/45" },
    {
      key: "yours",
      label: t.cards.yours,
      amount: yours,
      note: trade.rate && trade.gross !== undefined ? t.cards.grossLess(f.rate(trade.rate), f.money(trade.gross), sign(given) > 0 ? f.money(given) : "") : undefined,
      colour: "bg-accent",
    },
    left(given),
  ];
}

/** The fee paid as one bar, cut into its shares. */
function Split({ shares, whole }: { shares: Share[]; whole: string }) {
  const { t, f } = useWords();
  const part = (s: Share) => (approx(s.amount) / approx(whole)) * 100;
  return (
    <>
      <div role="img" aria-label={`${t.cards.feeShared}. ${shares.map((s) => `${s.label}: ${f.money(s.amount)} USDT`).join("; ")}`} className="mt-2 flex h-4 gap-0.5 overflow-hidden rounded-sm">
        {shares.map((s) => part(s) > 0 && <div key={s.key} className={s.colour} style={{ width: `${part(s)}%` }} />)}
      </div>
      <ul className="mt-2.5 space-y-2 text-sm">
        {shares.map((s) => (
          <li key={s.key} className="flex gap-2">
            <span aria-hidden="true" className={`mt-1.5 size-2.5 shrink-0 rounded-[3px] ${s.colour}`} />
            <span className="min-w-0 flex-1">
              <span className={`flex items-baseline justify-between gap-x-3 ${s.key === "yours" ? "font-semibold" : ""}`}>
                <span className="min-w-0">{s.label}</span>
                <span className="shrink-0">
                  <Money value={s.amount} /> <span className="inline-block min-w-10 text-end font-normal text-ink-2 tabular-nums">{f.percent(part(s))}</span>
                </span>
              </span>
              {s.note && <span className="block text-xs text-ink-2 tabular-nums">{s.note}</span>}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Decided({ trade, zone }: { trade: TracedTrade; zone: string }) {
  const { t, f } = useWords();
  const product = `${trade.symbol} · ${t.values[trade.product] ?? trade.product} · ${t.cards.sides[trade.side] ?? trade.side}`;
  const facts: [string, ReactNode][] = [
    [t.cards.trade, <Copied key="id" text={trade.tradeId} />],
    [t.cards.when, f.instant(trade.at, zone)],
    [t.cards.trader, trade.relation === "own" ? t.cards.you : <Uid key="uid" uid={trade.uid} named />],
    [t.referee.relation, trade.relation === "own" ? t.cards.own : `${t.values[trade.relation]} (${t.cards.level(trade.level)})`],
    [t.groups.product, product],
    [t.metrics.volume ?? "", f.money(trade.volume)],
    [t.cards.eligible, trade.eligible ? t.cards.yes : (trade.excludedReason ?? t.cards.no)],
    [t.cards.vip, t.cards.vipOf(trade.vipLevel, trade.vipLimit)],
    [t.cards.rules, `${trade.ruleVersion === "default" ? t.cards.defaultRules : trade.ruleVersion} · ${t.cards.modes[trade.mode] ?? trade.mode} · ${t.cards.levels(trade.levelsLookedAt)}`],
  ];
  if (trade.account) facts.splice(3, 0, [t.cards.account, trade.account]);
  if (trade.path.length > 1) facts.push([t.cards.path, trade.path.join(" → ")]);
  if (trade.code) facts.push([t.groups.code, trade.code]);
  if (trade.enrolled === false) facts.push([t.referee.partner, t.cards.notEnrolled]);
  if (trade.reversedAt) facts.push([t.cards.reversal, `${f.instant(trade.reversedAt, zone)}${trade.reversalReason ? `, ${trade.reversalReason}` : ""}`]);
  return (
    <Facts>
      {facts.map(([name, value]) => (
        <Fact key={name} name={name}>
          {value}
        </Fact>
      ))}
    </Facts>
  );
}

function Copied({ text }: { text: string }) {
  const { t } = useWords();
  return (
    <span className="flex items-center gap-0.5">
      <span className="min-w-0 wrap-anywhere">{text}</span>
      <CopyButton text={text} label={t.cards.copy(text)} size="tiny" />
    </span>
  );
}

const Row = ({ name, strong = false, children }: { name: string; strong?: boolean; children: ReactNode }) => (
  <div className={`flex justify-between gap-3 py-0.5 ${strong ? "mt-0.5 border-t border-line pt-1.5 font-medium" : ""}`}>
    <dt className={strong ? "" : "text-ink-2"}>{name}</dt>
    <dd>{children}</dd>
  </div>
);
