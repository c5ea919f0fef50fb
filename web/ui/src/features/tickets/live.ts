import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { openSocket } from "../assistant/AssistantProvider";
import type { ClientFrame, ServerFrame } from "../assistant/model/events";
import { addEvents, emptyThread, type Thread } from "../assistant/model/thread";
import { noOne, shownFor, typingEvery, type Other } from "../assistant/model/other";

/**
 * The conversation of a ticket as it happens, and what its partner does, while a BD holds it. The query that looks every few
 * seconds makes up for a socket that drops.
 */
export function useLive(ticketId: string, held: boolean, cursor: number) {
  const queries = useQueryClient();
  const [partner, setPartner] = useState<Other>(noOne);
  const socket = useRef<ReturnType<typeof openSocket>>(undefined);
  const [open, setOpen] = useState(false);
  const write = useCallback((frame: ClientFrame) => socket.current?.send(JSON.stringify(frame)), []);
  useEffect(() => {
    if (!held) return;
    const key = ["tickets", "conversation", ticketId];
    const s = openSocket();
    socket.current = s;
    let quiet: ReturnType<typeof setTimeout> | undefined;
    s.onopen = () => {
      setOpen(true);
      write({ type: "resume", ticketId, after: queries.getQueryData<Thread>(key)?.cursor ?? 0 });
    };
    s.onmessage = ({ data }) => {
      const frame = JSON.parse(data as string) as ServerFrame;
      if (frame.type === "event") {
        queries.setQueryData<Thread>(key, (t) => addEvents(t ?? emptyThread, [frame.event]));
        setPartner((p) => ({ ...p, typing: false }));
      } else if (frame.type === "signal") {
        const { typing = false, delivered = 0, seen = 0 } = frame.signal;
        clearTimeout(quiet);
        quiet = setTimeout(() => setPartner((p) => ({ ...p, typing: false })), shownFor);
        setPartner((p) => ({ typing, delivered: Math.max(p.delivered, delivered), seen: Math.max(p.seen, seen) }));
      }
    };
    s.onclose = () => setOpen(false);
    return () => {
      clearTimeout(quiet);
      s.onclose = null;
      s.close();
      socket.current = undefined;
      setOpen(false);
    };
  }, [ticketId, held, queries, write]);
  useEffect(() => {
    if (open && cursor > 0 && document.visibilityState === "visible") write({ type: "signal", ticketId, delivered: cursor, seen: cursor });
  }, [open, cursor, ticketId, write]);
  const last = useRef(0);
  const typing = useCallback(() => {
    if (!open || Date.now() - last.current < typingEvery) return;
    last.current = Date.now();
    write({ type: "signal", ticketId, typing: true });
  }, [open, ticketId, write]);
  return { partner, typing };
}
