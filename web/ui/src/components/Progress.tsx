interface Props {
  /** 0 to 1. */
  part: number;
  label: string;
  /** Said instead of the percentage. */
  text: string;
  /** Where steps are, 0 to 1. */
  marks?: readonly number[];
  done?: boolean;
  className?: string;
}

/** How far something is, with the steps on the way. */
export function Progress({ part, label, text, marks = [], done = false, className = "" }: Props) {
  const percent = Math.round(Math.min(Math.max(part, 0), 1) * 1000) / 10;
  return (
    <div role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent} aria-valuetext={text} className={`relative h-2 rounded-full bg-sunken ${className}`}>
      <div className={`h-full rounded-full ${done ? "bg-up" : "bg-accent"}`} style={{ width: `${Math.max(percent, part > 0 ? 1.5 : 0)}%` }} />
      {marks.filter((m) => m > 0 && m < 1).map((m) => (
        <span key={m} className="absolute inset-y-0 w-0.5 bg-surface" style={{ insetInlineStart: `${m * 100}%` }} />
      ))}
    </div>
  );
}
