import type { ReactNode } from "react";
import { useWords } from "../lib/i18n";

interface Props {
  caption: string;
  columns: readonly { label: string; end?: boolean }[];
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
  /** Size of the scrolling box. */
  className?: string;
}

/** A table that scrolls within its own box, under a heading row that stays. */
export function DataTable({ caption, columns, rows, className = "" }: Props) {
  const { t } = useWords();
  return (
    // A box that scrolls can be reached by keyboard. It is relative for the hidden caption, which else lengthens the page.
    <div className={`relative -mx-1 overflow-auto px-1 ${className}`} tabIndex={0} role="region" aria-label={caption}>
      <table className="w-full text-sm tabular-nums">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.label} scope="col" className={`sticky top-0 border-b border-line bg-surface py-1.5 text-xs font-medium whitespace-nowrap text-ink-2 not-last:pe-3 ${c.end ? "text-end" : "text-start"}`}>
                {c.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.key} className="border-b border-line last:border-0">
              {r.cells.map((cell, i) =>
                i === 0 ? (
                  <th key={i} scope="row" className="py-1.5 pe-3 text-start align-top font-normal">
                    {cell}
                  </th>
                ) : (
                  <td key={i} className={`py-1.5 align-top not-last:pe-3 ${columns[i]?.end ? "text-end whitespace-nowrap" : ""}`}>
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="py-3 text-sm text-ink-2">{t.figures.empty}</p>}
    </div>
  );
}
