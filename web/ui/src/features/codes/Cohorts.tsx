import { useQuery } from "@tanstack/react-query";
import { DataTable } from "../../components/DataTable";
import { RowsSkeleton } from "../../components/RecordTable";
import { Failed } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { codesWords } from "../../lib/i18n/pages/codes";
import { cohortsQuery } from "./data";

/** How many of those who signed up in each month, through a code or at all, traded in it and in each month since. */
export function Cohorts({ code }: { code?: string }) {
  const { t, f } = useWords();
  const w = usePageWords(codesWords);
  const { data, error, refetch } = useQuery(cohortsQuery(code));
  const rows = data?.rows.filter((r) => r.referees > 0) ?? [];
  const longest = Math.max(0, ...rows.map((r) => r.traded.length));
  return (
    <section className="card mt-4 min-w-0 p-4 sm:p-5" aria-labelledby="cohorts">
      <h2 id="cohorts" className="font-medium">{w.cohorts}</h2>
      <p className="mb-3 text-xs text-ink-2">{w.cohortsNote}</p>
      {error && !data ? (
        <Failed error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <RowsSkeleton label={t.states.loading} rows={4} />
      ) : rows.length === 0 ? (
        <p className="text-sm text-ink-2">{w.noCohorts}</p>
      ) : (
        <DataTable
          caption={w.cohorts}
          columns={[{ label: w.signedUp }, { label: w.referees, end: true }, ...Array.from({ length: longest }, (_, k) => ({ label: w.monthsOn(f.count(k)), end: true }))]}
          rows={rows.map((r) => ({
            key: r.key,
            cells: [
              <span key="month" className="whitespace-nowrap">{f.bucket(r.key, "month", data.zone)}</span>,
              f.count(r.referees),
              ...Array.from({ length: longest }, (_, k) => (k < r.traded.length ? <Share key={k} traded={r.traded[k] ?? 0} of={r.referees} open={k === r.traded.length - 1} /> : "")),
            ],
          }))}
        />
      )}
    </section>
  );
}

/** A share of a cohort, on a ground that is the deeper the larger it is; the figure itself says the same. A month that is not over is marked. */
function Share({ traded, of, open }: { traded: number; of: number; open: boolean }) {
  const { f } = useWords();
  const w = usePageWords(codesWords);
  const told = w.ofCohort(f.count(traded), f.count(of));
  return (
    <span title={open ? `${told}, ${w.openMonth}` : told} className="inline-block min-w-14 rounded-sm px-1.5 py-0.5" style={{ backgroundColor: `color-mix(in srgb, var(--accent) ${Math.round((traded / of) * 32)}%, transparent)` }}>
      {f.percent(Math.round((traded / of) * 1000) / 10)}
      {open && <span aria-hidden="true">*</span>}
      <span className="sr-only">{`, ${told}${open ? `, ${w.openMonth}` : ""}`}</span>
    </span>
  );
}
