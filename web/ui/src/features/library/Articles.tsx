import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "../../components/Button";
import { DataTable } from "../../components/DataTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NoMatch } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { read, rest } from "../../lib/rest";
import { Panel, field } from "./Panel";
import { articlesQuery } from "./queries";

const route = getRouteApi("/signed-in/library");

/** The articles that are served, by kind; the kind lives in the address. */
export function Articles() {
  const { t, f } = useWords();
  const queries = useQueryClient();
  const articles = useQuery(articlesQuery);
  const { kind } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (kind?: string) => void navigate({ search: (s) => ({ ...s, kind }), replace: true });
  const remove = useMutation({
    mutationFn: (a: { slug: string; locale: string }) => read(rest.DELETE("/v1/library/articles/{slug}", { params: { path: { slug: a.slug }, query: { locale: a.locale } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["library", "drafts"] }),
  });
  const items = (articles.data?.items ?? []).filter((a) => !kind || a.kind === kind);
  return (
    <Panel title={t.library.articles(items.length)}>
      <label className="mb-3 flex max-w-xs items-center gap-2 text-sm">
        <span className="shrink-0 text-ink-2">{t.library.kind}</span>
        <select value={kind ?? ""} onChange={(e) => choose(e.target.value || undefined)} className={field}>
          <option value="">{t.library.allKinds}</option>
          {Object.entries(t.library.kinds).map(([k, name]) => (
            <option key={k} value={k}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {articles.isError ? (
        <Failed error={articles.error} onRetry={() => void articles.refetch()} />
      ) : !articles.data ? (
        <Skeleton className="h-64" />
      ) : items.length === 0 ? (
        <NoMatch title={t.library.empty} clear={t.library.showAll} onClear={() => choose()} />
      ) : (
        <DataTable
          caption={t.library.title}
          className="max-h-[32rem]"
          columns={[{ label: t.library.article }, { label: t.library.kind }, { label: t.library.locale }, { label: t.library.sections, end: true }, { label: t.library.since, end: true }, { label: "", end: true }]}
          rows={items.map((a) => ({
            key: `${a.slug}-${a.locale}`,
            cells: [
              <span key="t">
                <span className="block font-medium">{a.title}</span>
                <span className="text-xs text-ink-2">{a.slug}</span>
              </span>,
              t.library.kinds[a.kind] ?? a.kind,
              a.locale,
              f.count(a.sections.length),
              f.count(a.since ?? 0),
              <Button key="r" variant="quiet" aria-label={t.library.removeOf(a.title)} onClick={() => remove.mutate(a)}>
                {t.library.remove}
              </Button>,
            ],
          }))}
        />
      )}
    </Panel>
  );
}
