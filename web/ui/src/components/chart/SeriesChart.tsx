import { lazy, Suspense, useMemo, type ReactNode } from "react";
import type { Figure } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { useDark } from "../../lib/theme";
import { DataTable } from "../DataTable";
import { Skeleton } from "../Skeleton";
import { TableSwitch } from "../TableSwitch";
import { seriesOption } from "./seriesOption";

const EChart = lazy(() => import("./EChart"));

export interface Point {
  key: string;
  /** On the axis. */
  label: string;
  /** In the tooltip, the table and the chart's label. */
  long: string;
  /** Null where the time has not come yet. */
  current: Figure | null;
  earlier?: Figure;
}

interface Props {
  title: string;
  metric: string;
  /** Heading of the points' column. */
  by: string;
  points: readonly Point[];
  names: { current: string; earlier?: string };
  className?: string;
  /** Left of the switch to the table. */
  header?: ReactNode;
}

/** A series over time, also beside an earlier one, as a chart or as a table of the same figures. */
export function SeriesChart({ title, metric, by, points, names, className = "h-56", header }: Props) {
  const { t, f } = useWords();
  const dark = useDark();
  const option = useMemo(() => seriesOption(points, names, metric, f, dark), [points, names, metric, f, dark]);
  const said = points.map((p) => {
    const now = p.current === null ? "–" : f.figure(metric, p.current);
    return `${p.long}: ${now}${p.earlier === undefined ? "" : ` (${t.figures.earlier}: ${f.figure(metric, p.earlier)})`}`;
  });

  const table = (
    <DataTable
      caption={title}
      className="max-h-80"
      columns={[{ label: by }, { label: names.current, end: true }, ...(names.earlier ? [{ label: names.earlier, end: true }] : [])]}
      rows={points.map((p) => ({
        key: p.key,
        cells: [
          p.long,
          p.current === null ? "–" : f.figure(metric, p.current),
          ...(names.earlier ? [p.earlier === undefined ? "–" : f.figure(metric, p.earlier)] : []),
        ],
      }))}
    />
  );
  return (
    <TableSwitch header={header ?? (names.earlier && <Legend names={names} />)} table={table}>
      <div role="img" aria-label={`${title}. ${said.join("; ")}`} className={`relative ${className}`}>
        <Suspense fallback={<Skeleton className="h-full w-full" />}>
          <EChart option={option} />
        </Suspense>
      </div>
    </TableSwitch>
  );
}

export function Legend({ names }: { names: { current: string; earlier?: string } }) {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-ink-2">
      <li className="flex items-center gap-1.5">
        <span aria-hidden="true" className="size-2.5 rounded-[3px] bg-accent" />
        {names.current}
      </li>
      {names.earlier && (
        <li className="flex items-center gap-1.5">
          <span aria-hidden="true" className="size-2.5 rounded-[3px] bg-earlier" />
          {names.earlier}
        </li>
      )}
    </ul>
  );
}
