import type { ReactNode } from "react";
import { Delta } from "../../../components/Change";
import type { Figure } from "../../../lib/contract";
import { approx } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";

export interface Step {
  key: string;
  label: ReactNode;
  delta: Figure;
  /** Percent of the whole change. */
  share?: string | null;
  more?: ReactNode;
}

interface Props {
  label: string;
  metric: string;
  steps: readonly Step[];
  total: Figure;
}

/** How parts add up to a change: each bar begins where the one before ended, and the last one is the sum. */
export function Waterfall({ label, metric, steps, total }: Props) {
  const { t, f } = useWords();
  const ends = steps.reduce<number[]>((at, s) => [...at, (at.at(-1) ?? 0) + approx(s.delta)], []);
  const low = Math.min(0, approx(total), ...ends);
  const span = Math.max(0, approx(total), ...ends) - low || 1;
  const at = (v: number) => ((v - low) / span) * 100;
  return (
    <ol aria-label={label} className="space-y-2.5">
      {steps.map((s, i) => (
        <li key={s.key} className="text-sm">
          <Line label={s.label} metric={metric} delta={s.delta} />
          <Bar from={at(ends[i - 1] ?? 0)} to={at(ends[i] ?? 0)} zero={at(0)} />
          {(s.share != null || s.more) && (
            <div className="mt-0.5 flex min-h-5 flex-wrap items-center justify-between gap-x-3 text-xs text-ink-2 tabular-nums">
              <span>{s.share != null && t.cards.ofChange(f.percent(s.share))}</span>
              {s.more}
            </div>
          )}
        </li>
      ))}
      <li className="border-t border-line pt-2 text-sm font-medium">
        <Line label={t.cards.wholeChange} metric={metric} delta={total} />
        <Bar from={at(0)} to={at(approx(total))} zero={at(0)} strong />
      </li>
    </ol>
  );
}

const Line = ({ label, metric, delta }: { label: ReactNode; metric: string; delta: Figure }) => (
  <div className="flex items-baseline justify-between gap-3">
    <span className="min-w-0 wrap-anywhere">{label}</span>
    <Delta metric={metric} value={delta} className="shrink-0" />
  </div>
);

function Bar({ from, to, zero, strong = false }: { from: number; to: number; zero: number; strong?: boolean }) {
  const up = to >= from;
  return (
    <div aria-hidden="true" className="relative mt-1 h-2 rounded-sm bg-sunken">
      <div className={`absolute inset-y-0 min-w-0.5 rounded-[3px] ${up ? "bg-up" : "bg-down"} ${strong ? "" : "opacity-80"}`} style={{ insetInlineStart: `${Math.min(from, to)}%`, width: `${Math.abs(to - from)}%` }} />
      <div className="absolute -inset-y-0.5 w-px bg-line-strong" style={{ insetInlineStart: `${zero}%` }} />
    </div>
  );
}
