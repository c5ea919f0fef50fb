import { Delta } from "../../../components/Change";
import type { Cause, Figure, GroupBy } from "../../../lib/contract";
import { sign } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { AskMore } from "./Ask";
import { keyName } from "./groups";

interface Props {
  metric: string;
  causes: readonly Cause[];
  /** What no cause names; left out where the causes are not all of them. */
  rest?: Figure;
  zone: string;
}

/** The few parts that say most about a change, in words. */
export function Causes({ metric, causes, rest, zone }: Props) {
  const { t, f } = useWords();
  const about = (c: Cause) => {
    const named = Object.entries(c.dimensions).map(([by, key]) => keyName(key, by as GroupBy, zone, t, f, true));
    return c.others ? t.cards.othersOf(named.join(", ")) : named.join(", ");
  };
  return (
    <ol className="space-y-2.5 text-sm">
      {causes.map((c, i) => (
        <li key={c.words} className="flex gap-2.5">
          <span aria-hidden="true" className="grid size-5 shrink-0 place-items-center rounded-full bg-sunken text-xs font-medium text-ink-2 tabular-nums">
            {i + 1}
          </span>
          <div className="min-w-0 flex-1">
            <div className="flex flex-wrap items-baseline justify-between gap-x-3">
              <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
                <span className="min-w-0 font-medium wrap-anywhere">{about(c)}</span>
                <AskMore call={c.drill}>{c.drill?.tool === "trace_commission" ? t.cards.trades : t.cards.within}</AskMore>
              </span>
              <Delta metric={metric} value={c.delta} />
            </div>
            <p className="text-xs text-ink-2 tabular-nums">
              {t.cards.moved[c.status](f.figureShort(metric, c.previous), f.figureShort(metric, c.current))}
              {c.share !== null && ` · ${t.cards.ofChange(f.percent(c.share))}`}
            </p>
          </div>
        </li>
      ))}
      {rest !== undefined && sign(rest) !== 0 && (
        <li className="flex items-baseline justify-between gap-3 ps-7.5 text-ink-2">
          <span>{t.cards.spread}</span>
          <Delta metric={metric} value={rest} />
        </li>
      )}
    </ol>
  );
}
