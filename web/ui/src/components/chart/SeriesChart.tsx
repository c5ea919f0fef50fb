import { BarChart3, Table2 } from "lucide-react";
import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import type { Figure } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { useDark } from "../../lib/theme";
import { Button } from "../Button";
import { DataTable } from "../DataTable";
import { Skeleton } from "../Skeleton";
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
  const [asTable, setAsTable] = useState(false);
  const option = useMemo(() => seriesOption(points, names, metric, f, dark), [points, names, metric, f, dark]);
  const said = points.map((p) => {
    const now = p.current === null ? "–" : f.figure(metric, p.current);
    return `${p.long}: ${now}${p.earlier === undefined ? "" : ` (${t.figures.earlier}: ${f.figure(metric, p.earlier)})`}`;
  });

  return (
    <div className="min-w-0">
      <div className="mb-2 flex flex-wrap items-center justify-between gap-x-2 gap-y-1">
        <div className="min-w-0">{header ?? (names.earlier && <Legend names={names} />)}</div>
        <Button variant="quiet" className="-me-2 ms-auto min-h-7 px-2 text-xs" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? <BarChart3 className="size-3.5" aria-hidden="true" /> : <Table2 className="size-3.5" aria-hidden="true" />}
          {asTable ? t.figures.viewChart : t.figures.viewTable}
        </Button>
      </div>
      {asTable ? (
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
      ) : (
        <div role="img" aria-label={`${title}. ${said.join("; ")}`} className={`relative ${className}`}>
          <Suspense fallback={<Skeleton className="h-full w-full" />}>
            <EChart option={option} />
          </Suspense>
        </div>
      )}
    </div>
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
