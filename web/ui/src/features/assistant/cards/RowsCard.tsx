import type { ReactNode } from "react";
import { DataTable } from "../../../components/DataTable";
import { Money } from "../../../components/Money";
import { useWords } from "../../../lib/i18n";

type Row = Record<string, unknown>;

const shown = 4; // columns that a card has room for
const decimal = /^-?\d+(\.\d+)?$/;

/** "averageTrade" → "Average trade" */
function label(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The rows of a result as a table, whatever it is about: for kinds that have no card of their own. */
export function RowsCard({ title, data }: { title: string; data: unknown }) {
  const { f } = useWords();
  const rows = ((data as { rows?: Row[] }).rows ?? []).filter((r) => typeof r.key === "string");
  const fields = Object.entries(rows[0] ?? {}).flatMap(([name, v]) => {
    if (name === "key") return [];
    if (typeof v === "string" || typeof v === "number") return [name];
    return v !== null && typeof v === "object" && "delta" in v ? [name] : []; // a comparison: its change is what counts
  });
  const columns = fields.slice(0, shown);
  const cell = (v: unknown): ReactNode => {
    if (typeof v === "number") return f.count(v);
    if (v !== null && typeof v === "object" && "delta" in v) return cell(v.delta);
    if (typeof v !== "string") return "";
    return decimal.test(v) ? <Money value={v} /> : v;
  };
  return (
    <DataTable
      caption={title}
      className="max-h-96"
      columns={[{ label: "" }, ...columns.map((c) => ({ label: label(c), end: true }))]}
      rows={rows.map((r, i) => ({ key: `${String(r.key)}-${i}`, cells: [String(r.key), ...columns.map((c) => cell(r[c]))] }))}
    />
  );
}
