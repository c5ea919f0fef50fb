import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useToast } from "../../components/Announce";
import { api, type Query } from "../../lib/api";
import type { RefereeProfile, RefereesResult } from "../../lib/contract";
import { useReason } from "../../lib/copy";
import { usePageWords } from "../../lib/i18n/pages";
import { refereesWords } from "../../lib/i18n/pages/referees";

export const refereesQuery = (query: Query) =>
  infiniteQueryOptions({
    queryKey: ["referees", query],
    queryFn: ({ pageParam, signal }) => api.get<RefereesResult>("/v1/referees", { ...query, cursor: pageParam || undefined }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor || undefined,
    staleTime: 30_000,
  });

export const refereeQuery = (uid: string, period: string) =>
  queryOptions({
    queryKey: ["referee", uid, period],
    queryFn: ({ signal }) => api.get<RefereeProfile>(`/v1/referees/${uid}`, { period }, signal),
    staleTime: 30_000,
  });

export const maxNote = 200;

/** Saves a note. It shows at once, and goes back to what it was when the server does not take it. */
export function useNote() {
  const queries = useQueryClient();
  const toast = useToast();
  const reason = useReason();
  const w = usePageWords(refereesWords);
  return useMutation({
    mutationFn: ({ uid, note }: { uid: string; note: string }) => api.put(`/v1/referees/${uid}/note`, { note }),
    onMutate: async ({ uid, note }) => {
      await queries.cancelQueries({ queryKey: ["referees"] });
      await queries.cancelQueries({ queryKey: ["referee", uid] });
      const before = [...queries.getQueriesData({ queryKey: ["referees"] }), ...queries.getQueriesData({ queryKey: ["referee", uid] })];
      const noted = <R extends { key: string; ownNote?: string }>(r: R): R => (r.key === uid ? { ...r, ownNote: note } : r);
      queries.setQueriesData<InfiniteData<RefereesResult>>({ queryKey: ["referees"] }, (d) => d && { ...d, pages: d.pages.map((p) => ({ ...p, rows: p.rows.map(noted) })) });
      queries.setQueriesData<RefereeProfile>({ queryKey: ["referee", uid] }, (d) => d && { ...d, referee: noted(d.referee) });
      return before;
    },
    onError: (e, _, before) => {
      before?.forEach(([key, data]) => queries.setQueryData(key, data));
      toast({ text: w.noteNotSaved(reason(e)), failed: true });
    },
    onSuccess: (_, { note }) => toast({ text: note ? w.noteSaved : w.noteRemoved }),
  });
}
