import { DataTable } from "../../../components/DataTable";
import { Money } from "../../../components/Money";
import type { Booking, TraceResult } from "../../../lib/contract";
import { sign } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { Ask } from "./Ask";
import { phrase, traceTrade } from "./phrase";
import { Fact, Facts, Tag } from "./Section";
import { TradeTrace } from "./TradeTrace";

/** How commission came about: of one trade step by step, or of a referee trade by trade. */
export function TraceCard({ title, data }: { title: string; data: TraceResult }) {
  return data.trade ? <TradeTrace trade={data.trade} data={data} /> : <Trades title={title} data={data} />;
}

function Trades({ title, data }: { title: string; data: TraceResult }) {
  const { t, f } = useWords();
  const earned = data.total.commission ?? data.total.sharedReceived ?? "0";
  const metric = data.total.sharedReceived === undefined ? "commission" : "sharedReceived";
  const amount = (b: Booking) => b.commission ?? b.sharedReceived ?? "0";
  return (
    <div className="space-y-3">
      <Facts>
        <Fact name={`${t.metrics[metric]}, USDT`} strong>
          <Money value={earned} />
        </Fact>
        <Fact name={t.metrics.trades ?? ""} strong>{f.count(data.total.trades ?? data.rows.length)}</Fact>
      </Facts>
      <DataTable
        caption={title}
        className="max-h-96"
        columns={[{ label: t.cards.trade }, { label: t.cards.feeRate, end: true }, { label: `${t.cards.yours}, USDT`, end: true }]}
        rows={data.rows.map((b) => ({
          key: `${b.key}-${b.kind}`,
          cells: [
            <span key="trade" className="block">
              <Ask call={traceTrade(b.key)} label={phrase(traceTrade(b.key))} className="wrap-anywhere">
                {b.key}
              </Ask>
              {b.kind === "reversal" && <span className="ms-1.5 text-xs text-down">{t.cards.reversal}</span>}
              <span className="block text-xs text-ink-2">
                {f.instant(b.at, data.zone)} · <span className="whitespace-nowrap">{b.symbol}</span> · {t.values[b.product] ?? b.product}
              </span>
            </span>,
            <span key="fee" className="block">
              <Money value={b.feePaid} />
              <span className="block text-xs text-ink-2">{b.rate ?? b.rebateRate ? `× ${f.rate(b.rate ?? b.rebateRate ?? 0)}` : "–"}</span>
            </span>,
            <span key="earned" className="block">
              <Money value={amount(b)} />
              {sign(amount(b)) === 0 && <span className="block text-xs whitespace-normal text-ink-2">{t.cards.verdicts[b.verdict] ?? b.verdict}</span>}
            </span>,
          ],
        }))}
      />
      <p className="text-xs text-ink-2">
        {t.cards.pickTrade}
        {data.nextCursor && ` ${t.cards.latest(data.rows.length)}`}
      </p>
    </div>
  );
}

/** Whether something came of it. */
export function VerdictTag({ code }: { code: string }) {
  const { t } = useWords();
  return <Tag tone={code === "earned" ? "accent" : code === "reversed" ? "danger" : "plain"}>{t.cards.verdicts[code] ?? code}</Tag>;
}
