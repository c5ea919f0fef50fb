const width = 100;
const height = 28;

/** The shape of a series; its figures are told elsewhere. */
export function Sparkline({ values, className = "" }: { values: readonly number[]; className?: string }) {
  if (values.length < 2) return <div className={className} />;
  const min = Math.min(...values, 0);
  const span = Math.max(...values) - min || 1;
  const points = values.map((v, i) => [(i / (values.length - 1)) * width, height - 2 - ((v - min) / span) * (height - 4)] as const);
  const line = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" className={`block overflow-visible ${className}`}>
      <path d={`${line}V${height}H0Z`} className="fill-accent/10" />
      <path d={line} className="fill-none stroke-accent" strokeWidth="1.5" strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
