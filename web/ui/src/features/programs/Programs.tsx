import { queryOptions, useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { buttonClass } from "../../components/Button";
import { DataTable } from "../../components/DataTable";
import { PageHead } from "../../components/PageHead";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { Tag } from "../../components/Tag";
import { api } from "../../lib/api";
import type { Need, Program, ProgramsResult } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { programsWords } from "../../lib/i18n/pages/programs";
import { Needs, tones, useNeedName } from "./Needs";

const programsQuery = queryOptions({
  queryKey: ["programs"],
  queryFn: ({ signal }) => api.get<ProgramsResult>("/v1/programs", {}, signal),
  staleTime: 60_000,
});

/** The programs that a partner can qualify for, and how far they are. */
export function Programs() {
  const { t, f } = useWords();
  const w = usePageWords(programsWords);
  const { data, error, refetch } = useQuery(programsQuery);
  return (
    <>
      <PageHead title={t.pages.programs} sub={data ? `${w.about} ${t.figures.asOf(f.instant(data.asOf, data.zone))} (${data.zone})` : w.about} />
      <div className="@container mt-5" aria-busy={!data}>
        {error && !data ? (
          <div className="card"><Failed error={error} onRetry={() => void refetch()} /></div>
        ) : !data ? (
          <div role="status" aria-label={t.states.loading} className="grid gap-4 @3xl:grid-cols-2">
            <Skeleton className="h-96 rounded-lg" />
            <Skeleton className="h-96 rounded-lg" />
          </div>
        ) : data.rows.length === 0 ? (
          <div className="card"><NothingYet title={w.nothing} text={w.nothingText} /></div>
        ) : (
          <ul className="grid items-start gap-4 @3xl:grid-cols-2">
            {data.rows.map((p) => (
              <ProgramCard key={p.key} program={p} zone={data.zone} />
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function ProgramCard({ program: p, zone }: { program: Program; zone: string }) {
  const { f } = useWords();
  const w = usePageWords(programsWords);
  return (
    <li className="card min-w-0 p-4 sm:p-5">
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-medium">{p.title}</h2>
          <p className="text-xs text-ink-2 tabular-nums">
            {[w.units[p.unit], f.range(p.period, zone), w.left(f.count(p.daysLeft))].join(" · ")}
          </p>
        </div>
        <Tag tone={tones[p.status]}>{w.statuses[p.status]}</Tag>
      </div>
      <p className="mt-2 text-sm text-ink-2">{p.doc}</p>
      {p.tier && (
        <p className="mt-3 flex items-start gap-2 rounded-md bg-accent-soft px-3 py-2 text-sm font-medium text-accent">
          <CircleCheck className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
          {w.youAre(p.tier, p.reward ?? "")}
        </p>
      )}
      {p.needs.length > 0 && !p.eligible && <Needs title={w.eligibility} needs={p.needs} />}
      {p.next && <Needs title={w.toNext(`${p.next.name}: ${p.next.reward}`)} needs={p.next.needs} />}
      <div className="mt-4 border-t border-line pt-3">
        <DataTable
          caption={`${p.title}: ${w.allTiers}`}
          columns={[{ label: w.tier }, { label: w.needs }, { label: w.reward }, { label: w.state }]}
          rows={p.tiers.map((tier) => ({ key: tier.name, cells: [tier.name, <NeedTexts key="needs" needs={tier.needs} />, tier.reward, tier.reached ? <Tag key="state" tone="up">{w.reachedTier}</Tag> : w.open] }))}
        />
      </div>
      {p.history.length > 0 && (
        <details className="mt-3 text-sm">
          <summary className="min-h-7 rounded-sm font-medium text-ink-2 hover:text-ink">{w.history}</summary>
          <ul className="mt-1 space-y-1 tabular-nums">
            {p.history.map((h) => (
              <li key={h.from} className="flex justify-between gap-3">
                <span className="text-ink-2">{f.range(h, zone)}</span>
                <span>{h.tier ? `${h.tier}: ${h.reward ?? ""}` : w.noTier}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {p.link && (
        <a href={p.link} target="_blank" rel="noreferrer" className={buttonClass("secondary", "mt-4")}>
          {w.rules}
        </a>
      )}
    </li>
  );
}

function NeedTexts({ needs }: { needs: readonly Need[] }) {
  const { f } = useWords();
  const name = useNeedName();
  return (
    <>
      {needs.map((n, i) => (
        <span key={i} className="block">
          {name(n)} {f.figureShort(n.metric, n.target)}
        </span>
      ))}
    </>
  );
}
