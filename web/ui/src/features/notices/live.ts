import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import { useAnnounce } from "../../components/Announce";
import { useWords } from "../../lib/i18n";

/** A notice, as its owner reads it. What data holds depends on the kind. */
export interface Notice {
  id: string;
  kind: string;
  data: Record<string, unknown>;
  link?: string;
  at: string;
  read: boolean;
}

interface Inbox {
  /** Up to 1000. */
  unread: number;
  latest?: Notice;
}

export const inboxKey = ["inbox"];
export const noticesKey = ["notices"];

/** What the socket said last: it is never fetched. */
const inboxQuery = queryOptions<Inbox>({ queryKey: inboxKey, queryFn: () => ({ unread: 0 }), enabled: false, staleTime: Infinity });

export const useUnread = () => useQuery(inboxQuery).data?.unread ?? 0;

const firstWait = 1000;
const longestWait = 60_000;

/** Keeps the unread count true while the app is open: the server says when it changes. */
export function useLiveInbox() {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const { t } = useWords();
  const hear = useEffectEvent((now: Inbox) => {
    const was = queries.getQueryData<Inbox>(inboxKey);
    queries.setQueryData(inboxKey, now);
    void queries.invalidateQueries({ queryKey: noticesKey });
    if (was && now.latest && !now.latest.read && now.latest.id !== was.latest?.id) announce(t.notices.arrived);
  });
  useEffect(() => {
    let socket: WebSocket | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wait = firstWait;
    let ended = false;
    const connect = () => {
      clearTimeout(timer);
      if (ended || (socket && socket.readyState <= WebSocket.OPEN)) return;
      const url = new URL("/v1/notices/ws", location.href);
      url.protocol = url.protocol.replace("http", "ws");
      const s = (socket = new WebSocket(url));
      s.onmessage = (e: MessageEvent<string>) => {
        wait = firstWait;
        hear(JSON.parse(e.data) as Inbox);
      };
      s.onclose = () => {
        if (ended) return;
        // By chance, so that windows do not come back all at once after a restart.
        timer = setTimeout(connect, wait * (0.5 + Math.random()));
        wait = Math.min(2 * wait, longestWait);
      };
    };
    const wake = () => document.visibilityState === "visible" && connect();
    connect();
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      ended = true;
      clearTimeout(timer);
      socket?.close();
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
    };
  }, []);
}
