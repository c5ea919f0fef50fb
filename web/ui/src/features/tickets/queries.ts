import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { Compared, Figure } from "../../lib/contract";
import type { Schema } from "../../lib/rest";
import type { RunEvent } from "../assistant/model/events";
import { addEvents, emptyThread, type Thread } from "../assistant/model/thread";

export type Ticket = Schema["Ticket"];
export type Show = "mine" | "over" | undefined;

export interface ToolCall {
  name: string;
  args: unknown;
  result: unknown;
}

/** A ticket with all that was done to it, and the moment at which it was opened. */
export interface Detail extends Ticket {
  events: Schema["Event"][];
  snapshot: {
    takenAt: string;
    calls: ToolCall[] | null;
    disputed: ToolCall[] | null;
    figures: { from: string; to: string; current: Record<string, Figure>; previous: Record<string, Figure> } | null;
  };
}

export type Change = Compared;

export const isOver = (t: Pick<Ticket, "state">) => t.state === "resolved" || t.state === "cancelled";
export const isHeld = (t: Pick<Ticket, "state">) => t.state === "claimed" || t.state === "waiting";

const every = 3000;

export const queueQuery = (show: Show) =>
  infiniteQueryOptions({
    queryKey: ["tickets", "queue", show ?? "all"],
    queryFn: ({ signal, pageParam }) =>
      api.get<Schema["PageTicket"]>("/v1/tickets", { limit: 50, cursor: pageParam, ...(show === "over" ? { state: "resolved,cancelled" } : {}), ...(show === "mine" ? { mine: true } : {}) }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    refetchInterval: 5000,
  });

const path = (id: string) => `/v1/tickets/${encodeURIComponent(id)}`;

export const ticketQuery = (id: string) =>
  queryOptions({
    queryKey: ["tickets", "one", id],
    queryFn: ({ signal }) => api.get<Detail>(path(id), {}, signal),
    refetchInterval: every,
  });

/** The conversation, which grows: each look asks for what came since the last one. */
export const conversationQuery = (queries: QueryClient, id: string, live: boolean) => {
  const queryKey = ["tickets", "conversation", id];
  return queryOptions({
    queryKey,
    queryFn: async ({ signal }): Promise<Thread> => {
      let thread = queries.getQueryData<Thread>(queryKey) ?? emptyThread;
      for (;;) {
        const { items } = await api.get<{ items: RunEvent[] | null }>(`${path(id)}/events`, { after: thread.cursor }, signal);
        const next = addEvents(thread, items ?? []);
        if (next.cursor === thread.cursor) return next;
        thread = next;
      }
    },
    structuralSharing: false,
    refetchInterval: live ? every : false,
  });
};

export const deskQuery = queryOptions({
  queryKey: ["tickets", "desk"],
  queryFn: ({ signal }) => api.get<Schema["DeskView"]>("/v1/desk", {}, signal),
  staleTime: 60_000,
});

export interface Move {
  action: "claim" | "reply" | "note" | "waiting" | "resolve" | "reopen" | "reassign";
  text?: string;
  /** The same one again does nothing. */
  clientId?: string;
  bd?: number;
}

/** Does something to a ticket, and reads anew what that changes. */
export function useMove(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ action, ...body }: Move) => api.post<Ticket>(`${path(id)}/${action}`, body),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tickets"] }),
  });
}
