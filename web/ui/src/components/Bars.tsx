import type { ReactNode } from "react";

export interface Bar {
  key: string;
  label: ReactNode;
  value: ReactNode;
  /** For the length alone. */
  size: number;
  muted?: boolean;
}

/** Labelled values, each over a bar in proportion to the largest. */
export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  const most = Math.max(...bars.map((b) => Math.abs(b.size)), 0) || 1;
  return (
    <ul aria-label={label} className="space-y-2">
      {bars.map((b) => (
        <li key={b.key} className="text-sm">
          <div className="flex items-baseline justify-between gap-3">
            <span className="min-w-0 truncate text-ink-2">{b.label}</span>
            <span className="shrink-0 tabular-nums">{b.value}</span>
          </div>
          <Meter part={Math.abs(b.size) / most} muted={b.muted} className="mt-1" />
        </li>
      ))}
    </ul>
  );
}

export function Meter({ part, muted = false, className = "" }: { part: number; muted?: boolean; className?: string }) {
  return (
    <div aria-hidden="true" className={`h-1.5 rounded-full bg-sunken ${className}`}>
      <div className={`h-full rounded-full ${muted ? "bg-earlier" : "bg-accent"}`} style={{ width: `${Math.max(part * 100, part > 0 ? 1.5 : 0)}%` }} />
    </div>
  );
}
