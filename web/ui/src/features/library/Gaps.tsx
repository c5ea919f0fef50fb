import { useQuery } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { useTitle } from "../../lib/hooks";
import { useWords } from "../../lib/i18n";
import { gapsQuery } from "./queries";

/** Questions without an answer, by topic. */
export function Gaps() {
  const { t, f } = useWords();
  useTitle(t.library.gaps);
  const { session } = useRouteContext({ from: "/signed-in" });
  const gaps = useQuery(gapsQuery);
  const items = gaps.data?.items ?? [];
  return (
    <>
      <h1 className="text-xl font-semibold tracking-tight">{t.library.gaps}</h1>
      <p className="mt-1 max-w-2xl text-sm text-ink-2">{t.library.gapsText}</p>
      <div className="card mt-5 p-5">
        {gaps.isError ? (
          <Failed error={gaps.error} onRetry={() => void gaps.refetch()} />
        ) : !gaps.data ? (
          <Skeleton className="h-48" />
        ) : items.length === 0 ? (
          <NothingYet title={t.library.noGaps} text={t.library.noGapsText} />
        ) : (
          <ul className="divide-y divide-line">
            {items.map((g) => (
              <li key={`${g.last}-${g.examples[0] ?? ""}`} className="py-3 text-sm first:pt-0 last:pb-0">
                <div className="flex flex-wrap items-baseline justify-between gap-x-3">
                  <h2 className="min-w-0 font-medium wrap-anywhere">{g.examples[0]}</h2>
                  <p className="text-xs text-ink-2 tabular-nums">
                    {t.library.asked(g.count)} · {t.library.last(f.instant(g.last, session.zone))}
                  </p>
                </div>
                {g.examples.length > 1 && (
                  <ul className="mt-1 space-y-0.5 text-ink-2">
                    {g.examples.slice(1).map((e) => (
                      <li key={e} className="wrap-anywhere">
                        {e}
                      </li>
                    ))}
                  </ul>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}
