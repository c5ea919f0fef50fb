import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "../../components/Button";
import { DataTable } from "../../components/DataTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { api } from "../../lib/api";
import type { Page as List } from "../../lib/contract";
import { usePageWords } from "../../lib/i18n/pages";
import { ingestWords } from "../../lib/i18n/pages/ingest";
import { Section } from "./Page";

/** A text of any length in a cell. */
export const Long = ({ text }: { text: string }) => <span className="inline-block max-w-96 min-w-32 wrap-anywhere">{text}</span>;

interface Props<T> {
  title: string;
  path: string;
  none: string;
  noneText?: string;
  columns: string[];
  row: (item: T, index: number) => { key: string; cells: ReactNode[] };
}

/** A list of the operator's that comes page by page. */
export function Paged<T>({ title, path, none, noneText, columns, row }: Props<T>) {
  const w = usePageWords(ingestWords);
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
        <NothingYet title={none} text={noneText ?? w.clean} />
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
