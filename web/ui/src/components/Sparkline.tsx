const width = 100;
const height = 28;

interface Props {
  values: readonly number[];
  /** The last value is of a time that is not over yet, and is drawn as such. */
  open?: boolean;
  className?: string;
}

/** The shape of a series; its figures are told elsewhere. */
export function Sparkline({ values, open = false, className = "" }: Props) {
  if (values.length < 2) return <div className={className} />;
  const min = Math.min(...values, 0);
  const span = Math.max(...values) - min || 1;
  const points = values.map((v, i) => [(i / (values.length - 1)) * width, height - 2 - ((v - min) / span) * (height - 4)] as const);
  const path = (some: typeof points) => some.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const stroke = { className: "fill-none stroke-accent", strokeWidth: 1.5, strokeLinejoin: "round", vectorEffect: "non-scaling-stroke" } as const;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" className={`block overflow-visible ${className}`}>
      <path d={`${path(points)}V${height}H0Z`} className="fill-accent/10" />
      <path d={path(open ? points.slice(0, -1) : points)} {...stroke} />
      {open && <path d={path(points.slice(-2))} {...stroke} strokeDasharray="2 3" />}
    </svg>
  );
}
