import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouteContext, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useId, useState } from "react";
import { useAnnounce } from "../../components/Announce";
import { Button } from "../../components/Button";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NoMatch, NothingYet } from "../../components/states";
import { api, ApiError } from "../../lib/api";
import { useWords } from "../../lib/i18n";
import type { MadeCase, Review, ReviewPage, ReviewState } from "./contract";
import { field, Page } from "./Page";

const states: readonly ReviewState[] = ["new", "case", "fixed", "dismissed"];

/** Answers with a thumb down, and what becomes of them. */
export function Reviews() {
  const { t, f } = useWords();
  const w = t.operator.reviews;
  const { session } = useRouteContext({ from: "/signed-in" });
  const { state = "new", topic } = useSearch({ from: "/signed-in/reviews" });
  const navigate = useNavigate({ from: "/reviews" });
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["reviews", state, topic],
    queryFn: ({ signal, pageParam }) => api.get<ReviewPage>("/v1/reviews", { state, topic, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.nextCursor,
  });
  const reviews = data?.pages.flatMap((p) => p.items) ?? [];
  const topics = data?.pages[0]?.topics ?? [];
  const toTopic = (next?: string) => void navigate({ search: (s) => ({ ...s, topic: next }) });
  return (
    <Page title={w.title} text={w.text}>
      <div className="flex flex-wrap gap-3">
        <label className="text-sm text-ink-2">
          {w.state}
          <select className={`${field} ms-2 text-ink`} value={state} onChange={(e) => void navigate({ search: (s) => ({ ...s, topic: undefined, state: e.target.value === "new" ? undefined : (e.target.value as ReviewState) }) })}>
            {states.map((s) => (
              <option key={s} value={s}>
                {w.states[s]}
              </option>
            ))}
          </select>
        </label>
        <label className="text-sm text-ink-2">
          {w.topic}
          <select className={`${field} ms-2 max-w-56 text-ink`} value={topic ?? ""} onChange={(e) => toTopic(e.target.value || undefined)}>
            <option value="">{w.allTopics}</option>
            {topics.map((x) => (
              <option key={x.topic} value={x.topic}>{`${x.topic} (${f.count(x.count)})`}</option>
            ))}
          </select>
        </label>
      </div>
      {isPending ? (
        <Skeleton className="h-64 w-full rounded-lg" />
      ) : error ? (
        <div className="card"><Failed error={error} onRetry={() => void refetch()} /></div>
      ) : reviews.length === 0 ? (
        <div className="card">{topic ? <NoMatch title={w.noMatch} clear={w.clear} onClear={() => toTopic()} /> : <NothingYet title={w.none} text={w.noneText} />}</div>
      ) : (
        <ul className="flex flex-col gap-4">
          {reviews.map((r) => (
            <ReviewCard key={r.id} review={r} zone={session.zone} mayAct={session.role === "operator"} />
          ))}
        </ul>
      )}
      {hasNextPage && (
        <Button className="self-start" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {w.more}
        </Button>
      )}
    </Page>
  );
}

function ReviewCard({ review: r, zone, mayAct }: { review: Review; zone: string; mayAct: boolean }) {
  const { t, f } = useWords();
  const w = t.operator.reviews;
  const queries = useQueryClient();
  const announce = useAnnounce();
  const hint = useId();
  const [expect, setExpect] = useState("");
  const make = useMutation({
    mutationFn: () => api.post<MadeCase>(`/v1/reviews/${r.id}/case`, expect.trim() ? { expect } : {}),
    onSuccess: (made) => announce(w.made(made.name)),
  });
  const dismiss = useMutation({
    mutationFn: () => api.post(`/v1/reviews/${r.id}/dismiss`, {}),
    onSuccess: () => {
      announce(w.dismissed);
      return queries.invalidateQueries({ queryKey: ["reviews"] });
    },
  });
  const failed = make.error ?? dismiss.error;
  const s = r.snapshot;
  return (
    <li className="card min-w-0 p-4 sm:p-5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-ink-2 tabular-nums">
        <span className="rounded-full bg-sunken px-2 py-0.5 font-medium text-ink">{r.topic}</span>
        <span>{f.instant(r.createdAt, zone)}</span>
        <span>{t.app.uid(r.uid)}</span>
        <span>{w.by(s.model, `${f.count(s.latencyMs)} ms`)}</span>
      </div>
      <h2 className="mt-2 font-medium wrap-anywhere">{s.question}</h2>
      <p className="mt-1 max-h-40 overflow-auto text-sm whitespace-pre-wrap text-ink-2 wrap-anywhere" tabIndex={0} role="region" aria-label={w.answer}>
        {s.answer}
      </p>
      {(r.reasons.length > 0 || r.text) && (
        <p className="mt-2 text-sm wrap-anywhere">
          <span className="font-medium">{w.said}:</span> {[...r.reasons.map((x) => (t.feedback.reasons as Partial<Record<string, string>>)[x] ?? x), r.text].filter(Boolean).join(" · ")}
        </p>
      )}
      <details className="mt-2 text-sm">
        <summary className="cursor-pointer text-ink-2">{w.calls}: {f.count(s.calls.length)} · {w.before(s.history?.length ?? 0)}</summary>
        {s.history?.map((h, i) => (
          <p key={i} className="mt-1 wrap-anywhere">{`> ${h.question}`}</p>
        ))}
        {s.calls.map((c, i) => (
          <code key={i} className="mt-1 block text-xs wrap-anywhere">{`${c.tool} ${JSON.stringify(c.args)}`}</code>
        ))}
      </details>
      {mayAct && (
        <div className="mt-3 flex flex-col gap-2">
          <label className="text-sm">
            {w.expect}
            <textarea rows={2} maxLength={4000} value={expect} onChange={(e) => setExpect(e.target.value)} aria-describedby={hint} className="mt-1 w-full resize-y rounded-sm border border-line-strong bg-surface px-2 py-1.5 font-mono text-xs" />
          </label>
          <p id={hint} className="text-xs text-ink-2">{w.expectHint}</p>
          <div className="flex flex-wrap items-center gap-2">
            <Button variant="primary" disabled={make.isPending} onClick={() => make.mutate()}>
              {r.case || make.data ? w.again : w.make}
            </Button>
            {r.state === "new" && !make.data && (
              <Button variant="quiet" disabled={dismiss.isPending} onClick={() => dismiss.mutate()}>
                {w.dismiss}
              </Button>
            )}
            {make.data && (
              <Button onClick={() => download(make.data)}>
                <Download className="size-4" aria-hidden="true" />
                {w.download}
              </Button>
            )}
          </div>
          {failed && (
            <p role="alert" className="text-sm text-down">
              {failed instanceof ApiError && failed.status > 0 ? failed.message : t.states.unreachable}
            </p>
          )}
        </div>
      )}
    </li>
  );
}

function download(made: MadeCase) {
  const url = URL.createObjectURL(new Blob([made.file], { type: "text/plain" }));
  const a = document.createElement("a");
  a.href = url;
  a.download = `${made.name}.txtar`;
  a.click();
  URL.revokeObjectURL(url);
}
