import { ArrowDown, ArrowRight, ArrowUp } from "lucide-react";
import type { Compared, Figure } from "../lib/contract";
import { sign } from "../lib/format";
import { useWords } from "../lib/i18n";

/** The change against the earlier period: an arrow, a sign and words for those who see neither. */
export function Change({ value, className = "" }: { value: Pick<Compared, "delta" | "percent">; className?: string }) {
  const { t, f } = useWords();
  const s = sign(value.delta);
  const Icon = s > 0 ? ArrowUp : s < 0 ? ArrowDown : ArrowRight;
  const colour = s > 0 ? "text-up" : s < 0 ? "text-down" : "text-ink-2";
  const shown = value.percent === null ? (s === 0 ? f.signedPercent(0) : t.figures.noEarlier) : f.signedPercent(value.percent);
  const size = value.percent === null ? "" : f.percent(value.percent.replace("-", ""));
  const spoken = s === 0 ? t.figures.same : value.percent === null ? t.figures.noEarlier : s > 0 ? t.figures.up(size) : t.figures.down(size);
  return (
    <span className={`inline-flex items-baseline gap-0.5 text-sm font-medium whitespace-nowrap tabular-nums ${value.percent === null && s !== 0 ? "text-ink-2" : colour} ${className}`}>
      {(value.percent !== null || s === 0) && <Icon className="size-3.5 shrink-0 self-center" aria-hidden="true" strokeWidth={2.5} />}
      <span aria-hidden="true">{shown}</span>
      <span className="sr-only">{spoken}</span>
    </span>
  );
}

/** An amount of change, in short (or in brief), with arrow and sign; all its digits on hover. */
export function Delta({ metric, value, brief = false, className = "" }: { metric: string; value: Figure; brief?: boolean; className?: string }) {
  const { f } = useWords();
  const s = sign(value);
  const Icon = s > 0 ? ArrowUp : s < 0 ? ArrowDown : ArrowRight;
  return (
    <span title={f.signedFigure(metric, value)} className={`inline-flex items-baseline gap-0.5 font-medium whitespace-nowrap tabular-nums ${s > 0 ? "text-up" : s < 0 ? "text-down" : "text-ink-2"} ${className}`}>
      <Icon className="size-3.5 shrink-0 self-center" aria-hidden="true" strokeWidth={2.5} />
      {brief ? f.signedBrief(value) : f.signedShort(metric, value)}
    </span>
  );
}
