import { ArrowDown, ArrowRight, ArrowUp } from "lucide-react";
import type { Compared } from "../lib/contract";
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
    <span className={`inline-flex items-center gap-0.5 text-sm font-medium whitespace-nowrap tabular-nums ${value.percent === null && s !== 0 ? "text-ink-2" : colour} ${className}`}>
      {(value.percent !== null || s === 0) && <Icon className="size-3.5" aria-hidden="true" strokeWidth={2.5} />}
      <span aria-hidden="true">{shown}</span>
      <span className="sr-only">{spoken}</span>
    </span>
  );
}
