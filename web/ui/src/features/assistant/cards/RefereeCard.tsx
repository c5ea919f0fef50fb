import type { ReactNode } from "react";
import { FigureOf, Money } from "../../../components/Money";
import type { RefereeResult } from "../../../lib/contract";
import { approx } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { Bars } from "./Bars";

const figures = ["commission", "volume", "eligibleVolume", "fees", "trades", "deposits", "withdrawals", "sharedCommission"] as const;

/** One referee: who it is, and what they did in the period. */
export function RefereeCard({ data }: { data: RefereeResult }) {
  const { t, f } = useWords();
  const r = data.rows[0];
  if (!r) return null;
  const when = (at?: string) => (at ? f.instant(at, data.zone) : t.referee.never);
  const rate = (v: string) => f.percent(approx(v) * 100);
  const facts: [string, ReactNode][] = [
    [t.referee.relation, t.values[r.relation]],
    [t.referee.country, r.country === "unknown" ? t.values.unknown : f.country(r.country)],
    [t.referee.code, r.code],
    [t.referee.registered, f.date(r.registeredAt, data.zone)],
    [t.referee.kyc, t.values[r.kyc]],
    [t.referee.firstDeposit, when(r.firstDepositAt)],
    [t.referee.firstTrade, when(r.firstTradeAt)],
    [t.referee.lastTrade, when(r.lastTradeAt)],
    [t.referee.vip, `${r.spotVip} / ${r.futuresVip}`],
    [t.referee.rebate, `${rate(r.spotRebateRate)} / ${rate(r.futuresRebateRate)}`],
    ...(r.subPartnerUid ? [[t.referee.subPartner, r.subPartnerUid] as [string, ReactNode]] : []),
    ...(r.note ? [[t.referee.note, r.note] as [string, ReactNode]] : []),
  ];
  return (
    <div className="space-y-4">
      <p className="flex flex-wrap items-center gap-2">
        <span className="text-xl font-semibold tracking-tight tabular-nums">{r.key}</span>
        <Tag>{t.values[r.activity]}</Tag>
        {r.partner && <Tag>{t.referee.partner}</Tag>}
      </p>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2">
        {figures.map((m) => (
          <Pair key={m} name={t.metrics[m] ?? m} strong>
            <FigureOf metric={m} value={r[m]} />
          </Pair>
        ))}
      </dl>
      {data.byProduct.length > 0 && (
        <div>
          <h4 className="mb-2 text-xs text-ink-2">{t.referee.byProduct}</h4>
          <Bars label={t.referee.byProduct} bars={data.byProduct.map((p) => ({ key: p.key, label: t.values[p.key] ?? p.key, value: <Money value={p.commission} />, size: approx(p.commission) }))} />
        </div>
      )}
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2 border-t border-line pt-3">
        {facts.map(([name, value]) => (
          <Pair key={name} name={name}>
            {value}
          </Pair>
        ))}
      </dl>
    </div>
  );
}

const Tag = ({ children }: { children: ReactNode }) => <span className="rounded-full bg-sunken px-2.5 py-0.5 text-xs font-medium text-ink-2">{children}</span>;

const Pair = ({ name, strong = false, children }: { name: string; strong?: boolean; children: ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-xs text-ink-2">{name}</dt>
    <dd className={`text-sm wrap-anywhere tabular-nums ${strong ? "font-semibold" : ""}`}>{children}</dd>
  </div>
);
