import { CopyButton } from "../../../components/CopyButton";
import { DataTable } from "../../../components/DataTable";
import { TableSwitch } from "../../../components/TableSwitch";
import type { CodesResult } from "../../../lib/contract";
import { approx } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { Meter } from "./Bars";
import { Fact, Facts, Tag } from "./Section";

/** Referral codes with their rebates, and what came through each. */
export function CodesCard({ title, data }: { title: string; data: CodesResult }) {
  const { t, f } = useWords();
  const { rows, total, zone } = data;
  const most = Math.max(...rows.map((r) => approx(r.commission)), 0) || 1;
  if (rows.length === 0) return <p className="text-sm text-ink-2">{t.cards.noCodes}</p>;
  return (
    <div className="space-y-3">
      <Facts>
        <Fact name={t.cards.codes} strong>{f.count(total.codes)}</Fact>
        <Fact name={t.cards.referees} strong>{f.count(total.referees)}</Fact>
        <Fact name={t.metrics.newReferrals ?? ""} strong>{f.count(total.newReferrals)}</Fact>
        <Fact name={`${t.metrics.commission}, USDT`} strong>
          <span title={f.money(total.commission)}>{f.moneyShort(total.commission)}</span>
        </Fact>
      </Facts>
      <TableSwitch
        header={<p className="text-xs text-ink-2">{t.cards.byCommission}</p>}
        table={
          <DataTable
            caption={title}
            className="max-h-96"
            columns={[
              { label: t.groups.code },
              { label: t.cards.rebateRates, end: true },
              { label: t.cards.referees, end: true },
              { label: t.metrics.newReferrals ?? "", end: true },
              { label: t.metrics.commission ?? "", end: true },
              { label: t.metrics.volume ?? "", end: true },
              { label: t.cards.made, end: true },
            ]}
            rows={[
              ...rows.map((r) => ({ key: r.key, cells: [r.key, `${f.rate(r.spotRebateRate)} / ${f.rate(r.futuresRebateRate)}`, f.count(r.referees), f.count(r.newReferrals), f.money(r.commission), f.money(r.volume), f.date(r.createdAt, zone)] })),
              { key: "", cells: [t.figures.total, "", f.count(total.referees), f.count(total.newReferrals), f.money(total.commission), f.money(total.volume), ""] },
            ]}
          />
        }
      >
        <ul className="divide-y divide-line">
          {rows.map((r) => (
            <li key={r.key} className="py-2.5 text-sm first:pt-0 last:pb-0">
              <div className="flex flex-wrap items-center justify-between gap-x-3">
                <span className="flex min-w-0 items-center gap-1.5">
                  <span className="min-w-0 font-medium wrap-anywhere">{r.key}</span>
                  <CopyButton text={r.key} label={t.cards.copy(r.key)} size="tiny" />
                  {r.default && <Tag tone="accent">{t.cards.defaultCode}</Tag>}
                </span>
                <span className="tabular-nums" title={f.money(r.commission)}>
                  {f.moneyShort(r.commission)}
                </span>
              </div>
              <Meter part={approx(r.commission) / most} className="my-1.5" />
              <p className="text-xs text-ink-2 tabular-nums">{t.cards.cameThrough(f.count(r.referees), f.count(r.direct), f.count(r.newReferrals))}</p>
              <p className="text-xs text-ink-2 wrap-anywhere tabular-nums">{[t.cards.rebates(f.rate(r.spotRebateRate), f.rate(r.futuresRebateRate)), r.note].filter(Boolean).join(" · ")}</p>
            </li>
          ))}
        </ul>
      </TableSwitch>
    </div>
  );
}
