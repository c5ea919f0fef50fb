import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { Page, Vote } from "../../lib/contract";

type Votes = Readonly<Record<string, Vote>>;

const votesQuery = (threadId: string) =>
  queryOptions({
    queryKey: ["votes", threadId],
    queryFn: async ({ signal }): Promise<Votes> => {
      const { items } = await api.get<Page<Vote>>("/v1/feedback", { threadId }, signal);
      return Object.fromEntries(items.map((v) => [v.runId, v]));
    },
    staleTime: 60_000,
  });

/** My vote on an answer, and the way to change it: null takes it back. What the server does not take is undone. */
export function useVote(threadId: string, runId: string) {
  const queries = useQueryClient();
  const { queryKey } = votesQuery(threadId);
  const { data } = useQuery(votesQuery(threadId));
  const put = (vote: Vote | null | undefined) =>
    queries.setQueryData(queryKey, (was: Votes = {}): Votes => {
      const others = Object.entries(was).filter(([id]) => id !== runId);
      return Object.fromEntries(vote ? [...others, [runId, vote]] : others);
    });
  const change = useMutation({
    // One after another, or a slow first vote would win over a second.
    scope: { id: `vote ${runId}` },
    mutationFn: async (vote: Vote | null) => {
      if (vote) await api.put("/v1/feedback", vote);
      else await api.delete(`/v1/feedback?runId=${encodeURIComponent(runId)}`);
    },
    onMutate: async (vote) => {
      await queries.cancelQueries({ queryKey });
      const before = queries.getQueryData<Votes>(queryKey)?.[runId];
      put(vote);
      return { before };
    },
    onError: (_, __, context) => put(context?.before),
  });
  return { vote: data?.[runId], change: change.mutate };
}
