import { useInfiniteQuery } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "../../components/Button";
import { DataTable } from "../../components/DataTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { api } from "../../lib/api";
import type { Page as List } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import type { RejectedLine, WaitingEvent } from "./contract";
import { Page, Section } from "./Page";

/** What the ingest could not apply. */
export function Ingest() {
  const { t, f } = useWords();
  const w = t.operator.ingest;
  const { session } = useRouteContext({ from: "/signed-in" });
  const at = (s: string) => f.instant(s, session.zone);
  return (
    <Page title={w.title} text={w.text}>
      <Paged<WaitingEvent>
        title={w.waiting}
        path="/v1/ingest/waiting"
        none={w.noWaiting}
        columns={[w.id, w.type, w.uid, w.waitsFor, w.at, w.arrived]}
        row={(e) => ({ key: e.id, cells: [<Long key="id" text={e.id} />, e.type, e.uid, e.waitsFor, at(e.time), at(e.arrived)] })}
      />
      <Paged<RejectedLine>
        title={w.rejected}
        path="/v1/ingest/rejected"
        none={w.noRejected}
        columns={[w.source, w.line, w.reason, w.arrived]}
        row={(l, i) => ({ key: String(i), cells: [<Long key="s" text={l.source} />, l.line, <Long key="r" text={[l.field, l.reason].filter(Boolean).join(": ")} />, at(l.arrived)] })}
      />
    </Page>
  );
}

const Long = ({ text }: { text: string }) => <span className="inline-block max-w-96 min-w-32 wrap-anywhere">{text}</span>;

interface Props<T> {
  title: string;
  path: string;
  none: string;
  columns: string[];
  row: (item: T, index: number) => { key: string; cells: ReactNode[] };
}

function Paged<T>({ title, path, none, columns, row }: Props<T>) {
  const { t } = useWords();
  const w = t.operator.ingest;
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [path],
    queryFn: ({ signal, pageParam }) => api.get<List<T>>(path, { cursor: pageParam, limit: 50 }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (p) => p.nextCursor,
  });
  const items = data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <Section title={title}>
      {isPending ? (
        <Skeleton className="h-24 w-full" />
      ) : error ? (
        <Failed error={error} onRetry={() => void refetch()} />
      ) : items.length === 0 ? (
        <NothingYet title={none} text={w.clean} />
      ) : (
        <DataTable caption={title} className="max-h-[28rem]" columns={columns.map((label) => ({ label }))} rows={items.map(row)} />
      )}
      {hasNextPage && (
        <Button className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {w.more}
        </Button>
      )}
    </Section>
  );
}
