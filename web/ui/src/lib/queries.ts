import { QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";
import { api, ApiError, fetchSession, type Query } from "./api";
import type { ComparisonResult, Person, Welcome } from "./contract";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => fetchSession(signal),
  staleTime: "static",
});

export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: ({ signal }) => api.get<Person[]>("/v1/dev/people", {}, signal),
  staleTime: Infinity,
});

export const welcomeQuery = queryOptions({
  queryKey: ["welcome"],
  queryFn: ({ signal }) => api.get<Welcome>("/v1/welcome", {}, signal),
  staleTime: Infinity,
});

/** What the partner's fund account holds, USDT. */
export const fundQuery = queryOptions({
  queryKey: ["fund"],
  queryFn: ({ signal }) => api.get<{ balance: string }>("/v1/fund", {}, signal),
  staleTime: 10_000,
});

/** Figures against the earlier period. */
export const comparisonQuery = (query: Query) =>
  queryOptions({
    queryKey: ["metrics", query],
    queryFn: ({ signal }) => api.get<ComparisonResult>("/v1/metrics/query", { ...query, compare: true }, signal),
    staleTime: 30_000,
  });

/** onSignedOut is called when the server no longer knows the session. */
export function newQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (e) => {
        if (e instanceof ApiError && e.status === 401) onSignedOut();
      },
    }),
    defaultOptions: {
      queries: {
        // What the server refused it refuses again; what it did not answer is worth a second try.
        retry: (n, e) => n < 2 && (!(e instanceof ApiError) || e.status === 0 || e.status >= 500),
        retryDelay: (n) => 400 * 2 ** n,
      },
    },
  });
}
