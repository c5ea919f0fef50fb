import { ArrowDown, ArrowUp, ArrowUpDown } from "lucide-react";
import type { ReactNode } from "react";
import { useMedia } from "../lib/hooks";
import { usePageWords } from "../lib/i18n/pages";
import { commonWords } from "../lib/i18n/pages/common";
import { Button } from "./Button";
import { Skeleton } from "./Skeleton";

export interface Column<R> {
  key: string;
  label: string;
  end?: boolean;
  /** The rows can be put in order by it. */
  sorts?: boolean;
  cell: (row: R) => ReactNode;
}

export interface Sorting {
  by: string;
  order: "asc" | "desc";
  onSort: (by: string, order: "asc" | "desc") => void;
}

interface Props<R> {
  caption: string;
  columns: readonly Column<R>[];
  rows: readonly R[];
  rowKey: (row: R) => string;
  sorting?: Sorting;
  /** A row where there is no room for columns. */
  card: (row: R) => ReactNode;
}

/** Records as a table whose heading and first column stay, and as a list of cards on a phone. */
export function RecordTable<R>({ caption, columns, rows, rowKey, sorting, card }: Props<R>) {
  const wide = useMedia("(min-width: 768px)");
  if (!wide) {
    return (
      <ul aria-label={caption} className="divide-y divide-line">
        {rows.map((r) => (
          <li key={rowKey(r)} className="px-4 py-3">
            {card(r)}
          </li>
        ))}
      </ul>
    );
  }
  return (
    <div className="relative max-h-[72dvh] overflow-auto rounded-[inherit]" tabIndex={0} role="region" aria-label={caption}>
      <table className="w-full border-separate border-spacing-0 text-sm tabular-nums">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            {columns.map((c, i) => (
              <Heading key={c.key} column={c} first={i === 0} sorting={sorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={rowKey(r)} className="group">
              {columns.map((c, i) => {
                const common = `border-b border-line px-3 py-2 group-last:border-0 group-hover:bg-sunken ${c.end ? "text-end whitespace-nowrap" : "text-start"}`;
                return i === 0 ? (
                  <th key={c.key} scope="row" className={`sticky start-0 z-[1] bg-surface ps-4 font-medium whitespace-nowrap ${common}`}>
                    {c.cell(r)}
                  </th>
                ) : (
                  <td key={c.key} className={`last:pe-4 ${common}`}>
                    {c.cell(r)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading<R>({ column, first, sorting }: { column: Column<R>; first: boolean; sorting?: Sorting }) {
  const w = usePageWords(commonWords);
  const sorted = sorting?.by === column.key ? sorting.order : undefined;
  const Icon = sorted === "asc" ? ArrowUp : sorted === "desc" ? ArrowDown : ArrowUpDown;
  return (
    <th
      scope="col"
      aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}
      className={`sticky top-0 border-b border-line bg-surface px-3 py-2 text-xs font-medium whitespace-nowrap text-ink-2 last:pe-4 ${first ? "start-0 z-[3] ps-4" : "z-[2]"} ${column.end ? "text-end" : "text-start"}`}
    >
      {column.sorts && sorting ? (
        <button
          type="button"
          title={w.sortBy(column.label)}
          onClick={() => sorting.onSort(column.key, sorted === "desc" ? "asc" : "desc")}
          className={`-mx-1.5 inline-flex min-h-7 items-center gap-1 rounded-sm px-1.5 -outline-offset-1 hover:bg-sunken hover:text-ink ${sorted ? "text-ink" : ""}`}
        >
          {column.label}
          <Icon className={`size-3.5 ${sorted ? "text-accent" : "text-ink-3"}`} aria-hidden="true" />
        </button>
      ) : (
        column.label
      )}
    </th>
  );
}

/** Under a list: how much of it is shown, and the way to more. */
export function ListFoot({ shown, onMore, loading }: { shown: string; onMore?: () => void; loading: boolean }) {
  const w = usePageWords(commonWords);
  return (
    <div className="mt-3 flex flex-wrap items-center justify-between gap-3">
      <p className="text-sm text-ink-2 tabular-nums">{shown}</p>
      {onMore && (
        <Button onClick={onMore} aria-disabled={loading}>
          {loading ? w.loadingMore : w.more}
        </Button>
      )}
    </div>
  );
}

export function RowsSkeleton({ label, rows = 8 }: { label: string; rows?: number }) {
  return (
    <div role="status" aria-label={label} className="divide-y divide-line">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="flex items-center gap-4 px-4 py-2.5 max-md:py-4">
          <Skeleton className="h-5 w-20" />
          <Skeleton className="h-5 flex-1 max-md:h-10" />
          <Skeleton className="h-5 w-24" />
        </div>
      ))}
    </div>
  );
}
