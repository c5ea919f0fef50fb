import type { Figure } from "../lib/contract";
import { isMoney } from "../lib/format";
import { useWords } from "../lib/i18n";

/** Every digit of an amount; those after the second decimal are set smaller. */
export function Money({ value }: { value: Figure }) {
  const { f } = useWords();
  const { main, fine } = f.moneyParts(value);
  return (
    <span className="whitespace-nowrap tabular-nums">
      {main}
      {fine && <span className="text-[0.8em] font-normal">{fine}</span>}
    </span>
  );
}

/** A metric's value, in full. */
export function FigureOf({ metric, value }: { metric: string; value: Figure }) {
  const { f } = useWords();
  return isMoney(metric) ? <Money value={value} /> : <span className="tabular-nums">{f.count(value)}</span>;
}
