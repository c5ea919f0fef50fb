import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import type { Session } from "../../lib/contract";
import { useWindowKey } from "../../lib/hooks";
import { sessionQuery } from "../../lib/queries";
import { ChatClient, type ChatState, type Pending, type Socket } from "./model/client";

/** In the URL, for a chat that has no thread yet. */
export const newChat = "new";

interface Assistant {
  client: ChatClient;
  isOpen: boolean;
  /** The thread on screen; a new chat has none. */
  threadId?: string;
  /** What the messages of a new chat are kept under until it has a thread. */
  draft: string;
  /** Counts the wishes to have the composer focused. */
  focusAsked: number;
  /** Opens the panel on a thread, on a new chat, or where it was left. */
  open: (chat?: string) => void;
  close: () => void;
  /** Asks a question in a new chat. */
  ask: (text: string) => void;
}

const Context = createContext<Assistant | null>(null);

export function useAssistant(): Assistant {
  const a = use(Context);
  if (!a) throw new Error("no AssistantProvider");
  return a;
}

export function useChatState(): ChatState {
  const { client } = useAssistant();
  return useSyncExternalStore(client.subscribe, client.getState);
}

export function AssistantProvider({ session, children }: { session: Session; children: ReactNode }) {
  const client = useClient(session);
  const { chat, go } = useChatInUrl();
  const [draft, setDraft] = useState(() => kept(`draft.${session.uid}`) ?? crypto.randomUUID());
  const [focusAsked, setFocusAsked] = useState(0);
  const opener = useRef<HTMLElement>(null);
  const isOpen = chat !== undefined;
  const threadId = chat === newChat ? undefined : chat;

  useEffect(() => keep(`draft.${session.uid}`, draft), [session.uid, draft]);
  useEffect(() => {
    if (chat) keep(`chat.${session.uid}`, chat);
    if (threadId) client.open(threadId);
  }, [session.uid, chat, threadId, client]);

  const open = useCallback(
    (wanted?: string) => {
      if (!isOpen) opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
      if (wanted === newChat) setDraft(crypto.randomUUID());
      setFocusAsked((n) => n + 1);
      if (isOpen && wanted === undefined) return;
      const next = wanted ?? kept(`chat.${session.uid}`) ?? newChat;
      go(next);
    },
    [isOpen, go, session.uid],
  );

  const close = useCallback(() => go(undefined), [go]);

  const ask = useCallback(
    (text: string) => {
      if (!isOpen) opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
      const draft = crypto.randomUUID();
      setDraft(draft);
      setFocusAsked((n) => n + 1);
      client.send({ chat: draft, text });
      go(newChat);
    },
    [client, isOpen, go],
  );

  // Focus goes back to where it was; the entry bar is there for a panel that was open from the start.
  const wasOpen = useRef(isOpen);
  useEffect(() => {
    if (wasOpen.current && !isOpen) {
      const back = opener.current?.isConnected && opener.current !== document.body ? opener.current : document.getElementById("assistant-entry");
      // The entry bar is not shown before this paint is over, nor is the sheet's trap gone.
      requestAnimationFrame(() => back?.focus());
    }
    wasOpen.current = isOpen;
  }, [isOpen]);

  // A new chat takes its thread's address once it has one.
  const state = useSyncExternalStore(client.subscribe, client.getState);
  const became = state.chats[draft];
  useEffect(() => {
    if (chat === newChat && became) go(became, true);
  }, [chat, became, go]);

  useWindowKey((e) => {
    if (e.key.toLowerCase() === "j" && (e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey) {
      e.preventDefault();
      open();
    }
  });

  const value = useMemo(
    () => ({ client, isOpen, threadId: threadId ?? became, draft, focusAsked, open, close, ask }),
    [client, isOpen, threadId, became, draft, focusAsked, open, close, ask],
  );
  return <Context value={value}>{children}</Context>;
}

// The URL says which chat is open. What was asked for last counts until the URL has followed: the router takes its time,
// and a panel should not.
function useChatInUrl() {
  const { chat: inUrl } = useSearch({ from: "/signed-in" });
  const navigate = useNavigate();
  const [asked, setAsked] = useState<{ chat?: string }>();
  if (asked && asked.chat === inUrl) setAsked(undefined);
  const go = useCallback(
    (chat: string | undefined, replace = false) => {
      setAsked({ chat });
      void navigate({ to: ".", search: (s) => ({ ...s, chat }), replace, resetScroll: false });
    },
    [navigate],
  );
  return { chat: asked ? asked.chat : inUrl, go };
}

function useClient(session: Session): ChatClient {
  const queries = useQueryClient();
  const router = useRouter();
  const [client] = useState(
    () =>
      new ChatClient({
        connect: openSocket,
        keep: {
          read: () => JSON.parse(kept(`outbox.${session.uid}`) ?? "[]") as Pending[],
          write: (p) => keep(`outbox.${session.uid}`, JSON.stringify(p)),
        },
        onRefused: () =>
          void queries.query({ ...sessionQuery, staleTime: 0 }).then(
            (still) => (still ? undefined : router.invalidate()),
            () => undefined, // not reached: the next try will tell
          ),
      }),
  );
  useEffect(() => {
    client.start();
    addEventListener("online", client.wake);
    document.addEventListener("visibilitychange", client.wake);
    return () => {
      removeEventListener("online", client.wake);
      document.removeEventListener("visibilitychange", client.wake);
      client.close();
    };
  }, [client]);
  return client;
}

export function openSocket(): Socket {
  const url = new URL("/v1/chat/ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return new WebSocket(url, "partnerhub.v1") as unknown as Socket;
}

const kept = (key: string) => sessionStorage.getItem(`partnerhub.${key}`);
const keep = (key: string, value: string) => sessionStorage.setItem(`partnerhub.${key}`, value);
