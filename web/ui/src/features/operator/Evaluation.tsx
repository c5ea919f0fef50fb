import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouteContext, useSearch } from "@tanstack/react-router";
import { DataTable } from "../../components/DataTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { api } from "../../lib/api";
import type { Page as List } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import type { Comparison, EvaluationRun, Report } from "./contract";
import { field, Page, Section } from "./Page";

/** Runs of the assistant's cases, and two of them side by side. */
export function Evaluation() {
  const { t } = useWords();
  const w = t.operator.evaluation;
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["evaluations"],
    queryFn: ({ signal }) => api.get<List<EvaluationRun>>("/v1/operator/evaluations", { limit: 50 }, signal),
  });
  return (
    <Page title={w.title} text={w.text}>
      {data ? (
        data.items.length === 0 ? (
          <div className="card"><NothingYet title={w.none} text={w.noneText} /></div>
        ) : (
          <>
            <Runs runs={data.items} />
            <Compare runs={data.items} />
          </>
        )
      ) : isPending ? (
        <Skeleton className="h-64 w-full rounded-lg" />
      ) : (
        <div className="card"><Failed error={error} onRetry={() => void refetch()} /></div>
      )}
    </Page>
  );
}

function Runs({ runs }: { runs: EvaluationRun[] }) {
  const { t, f } = useWords();
  const w = t.operator.evaluation;
  const { session } = useRouteContext({ from: "/signed-in" });
  const share = (s: { right: number; total: number } | undefined) => (s && s.total > 0 ? f.percent(((s.right / s.total) * 100).toFixed(1)) : "–");
  const all = (m: Report["tools"] | undefined) => Object.values(m ?? {}).reduce((a, s) => ({ right: a.right + s.right, total: a.total + s.total }), { right: 0, total: 0 });
  return (
    <Section title={w.run}>
      <DataTable
        caption={w.run}
        className="max-h-80"
        columns={[w.run, w.when, w.model, w.cases, w.measured, w.pass4, w.tools, w.args, w.grounded, w.latency, w.cost].map((label, i) => ({ label, end: i > 2 }))}
        rows={runs.map((r) => {
          const rep = r.report.measured ?? r.report.cases;
          const pass4 = r.report.cases?.pass4 ?? r.report.measured?.pass4;
          return {
            key: String(r.id),
            cells: [
              r.note ? `${r.id} · ${r.note}` : r.id,
              f.instant(r.startedAt, session.zone),
              r.model,
              share(r.report.cases?.dialogs),
              share(r.report.measured?.dialogs),
              pass4 === undefined ? "–" : f.percent((pass4 * 100).toFixed(1)),
              share(all(rep?.tools)),
              share(all(rep?.args)),
              share(rep?.grounded),
              rep ? `${f.count(rep.latencyMs[0])} ms` : "–",
              rep ? f.moneyShort(rep.costUsd) : "–",
            ],
          };
        })}
      />
    </Section>
  );
}

function Compare({ runs }: { runs: EvaluationRun[] }) {
  const { t, f } = useWords();
  const w = t.operator.evaluation;
  const { a = runs[1]?.id, b = runs[0]?.id } = useSearch({ from: "/signed-in/evaluation" });
  const navigate = useNavigate({ from: "/evaluation" });
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["evaluations", a, b],
    queryFn: ({ signal }) => api.get<Comparison>(`/v1/operator/evaluations/${a}/compare`, { with: b }, signal),
    enabled: a !== undefined && b !== undefined,
  });
  if (a === undefined || b === undefined) return <Section title={w.compare}><p className="text-sm text-ink-2">{w.choose}</p></Section>;
  const choose = (which: "a" | "b", label: string, value: number) => (
    <label className="text-sm text-ink-2">
      {label}
      <select className={`${field} ms-2 max-w-64 text-ink`} value={value} onChange={(e) => void navigate({ search: (s) => ({ ...s, [which]: Number(e.target.value) }) })}>
        {runs.map((r) => (
          <option key={r.id} value={r.id}>{`${r.id} · ${r.model}`}</option>
        ))}
      </select>
    </label>
  );
  const share = (v: number | null) => (v === null ? "–" : f.percent((v * 100).toFixed(0)));
  const differ = data?.cases.filter((c) => c.verdict !== "same") ?? [];
  return (
    <Section title={w.compare}>
      <div className="flex flex-wrap gap-3">
        {choose("a", w.before, a)}
        {choose("b", w.after, b)}
      </div>
      {error ? (
        <Failed error={error} onRetry={() => void refetch()} />
      ) : isPending ? (
        <Skeleton className="mt-3 h-32 w-full" />
      ) : (
        <>
          <p className="my-3 text-sm tabular-nums">{w.counts(data.counts.worse ?? 0, data.counts.better ?? 0, data.counts.same ?? 0)}</p>
          {differ.length === 0 ? (
            <p className="text-sm text-ink-2">{w.equal}</p>
          ) : (
            <DataTable
              caption={w.compare}
              className="max-h-[32rem]"
              columns={[{ label: w.name }, { label: w.verdict }, { label: w.before, end: true }, { label: w.after, end: true }, { label: w.wrong }]}
              rows={differ.slice(0, 300).map((c) => ({
                key: c.name,
                cells: [
                  <span key="name" className="inline-block max-w-80 min-w-40 wrap-anywhere">{c.name}</span>,
                  <span key="v" className={c.verdict === "worse" ? "font-medium text-down" : c.verdict === "better" ? "font-medium text-up" : "text-ink-2"}>{w.verdicts[c.verdict]}</span>,
                  share(c.a),
                  share(c.b),
                  <span key="w" className="inline-block max-w-96 min-w-48 text-xs text-ink-2 wrap-anywhere">{((c.verdict === "better" ? c.detailA : c.detailB)?.wrong ?? []).join(" ")}</span>,
                ],
              }))}
            />
          )}
        </>
      )}
    </Section>
  );
}
