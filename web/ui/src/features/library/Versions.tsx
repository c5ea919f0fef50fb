import { useMutation, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { useAnnounce } from "../../components/Announce";
import { Button } from "../../components/Button";
import { Skeleton } from "../../components/Skeleton";
import { Failed } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { read, rest, type Schema } from "../../lib/rest";
import { Tag } from "../assistant/cards/Section";
import { Panel } from "./Panel";

/** The publishes; any of them can be served again. */
export function Versions({ query }: { query: UseQueryResult<{ items: Schema["LibraryVersion"][] }> }) {
  const { t, f } = useWords();
  const { session } = useRouteContext({ from: "/signed-in" });
  const announce = useAnnounce();
  const queries = useQueryClient();
  const serve = useMutation({
    mutationFn: (version: number) => read(rest.POST("/v1/library/versions/{version}/serve", { params: { path: { version } } })),
    onSuccess: (_, version) => {
      announce(t.library.published(version));
      return queries.invalidateQueries({ queryKey: ["library"] });
    },
  });
  return (
    <Panel title={t.library.versions}>
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : !query.data ? (
        <Skeleton className="h-24" />
      ) : (
        <ul className="divide-y divide-line">
          {query.data.items.map((v) => (
            <li key={v.version} className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 py-2 text-sm">
              <span className="font-medium tabular-nums">{t.library.version(v.version)}</span>
              <span className="min-w-0 flex-1 basis-48 text-ink-2 wrap-anywhere tabular-nums">
                {[f.instant(v.publishedAt, session.zone), t.library.articles(v.articles), v.note].filter(Boolean).join(" · ")}
              </span>
              {v.active ? (
                <Tag tone="accent">{t.library.served}</Tag>
              ) : (
                <Button aria-label={t.library.serveOf(v.version)} disabled={serve.isPending} onClick={() => serve.mutate(v.version)}>
                  {t.library.serve}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
