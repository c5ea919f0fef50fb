import type { ReactNode } from "react";
import { DataTable } from "../../components/DataTable";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { termsWords } from "../../lib/i18n/pages/terms";
import { Long } from "../operator/Paged";

interface Dated {
  at: string;
  eventId: string;
  inForce: boolean;
}

/** A history, the latest first, with what is in force marked in words. */
export function Versions<T extends Dated>({ caption, zone, items, columns, cells }: { caption: string; zone: string; items: readonly T[]; columns: readonly string[]; cells: (v: T) => ReactNode[] }) {
  const { f } = useWords();
  const w = usePageWords(termsWords);
  const current = items.findIndex((v) => v.inForce);
  const state = (i: number) => (i === current ? w.inForce : current === -1 || i < current ? w.toCome : w.past);
  return (
    <DataTable
      caption={caption}
      className="max-h-80"
      columns={[w.since, w.state, ...columns, w.by].map((label) => ({ label }))}
      rows={items.map((v, i) => ({ key: `${v.at} ${v.eventId}`, cells: [<span key="at" className="whitespace-nowrap">{f.stamp(v.at, zone)}</span>, state(i), ...cells(v), <Long key="by" text={v.eventId} />] }))}
    />
  );
}
