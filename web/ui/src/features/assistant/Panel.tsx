import { History as HistoryIcon, SquarePen, X } from "lucide-react";
import { useState } from "react";
import { IconButton } from "../../components/Button";
import { useWords } from "../../lib/i18n";
import { newChat, useAssistant, useChatState } from "./AssistantProvider";
import { Chat } from "./Chat";
import { History } from "./History";

/** The assistant: its head, and the chat or the list of earlier ones. */
export default function Panel() {
  const { t } = useWords();
  const { open, close, threadId, draft } = useAssistant();
  const { connection } = useChatState();
  const [history, setHistory] = useState(false);
  const show = (chat: string) => {
    setHistory(false);
    open(chat);
  };
  return (
    <>
      <header className="flex h-14 shrink-0 items-center gap-0.5 border-b border-line ps-4 pe-2">
        <h2 className="me-auto truncate font-semibold tracking-tight">{history ? t.assistant.history : t.assistant.title}</h2>
        <IconButton label={t.assistant.newChat} onClick={() => show(newChat)}>
          <SquarePen aria-hidden="true" />
        </IconButton>
        <IconButton label={history ? t.assistant.back : t.assistant.history} aria-pressed={history} onClick={() => setHistory(!history)} className="aria-pressed:bg-accent-soft aria-pressed:text-accent">
          <HistoryIcon aria-hidden="true" />
        </IconButton>
        <IconButton label={t.assistant.close} onClick={close}>
          <X aria-hidden="true" />
        </IconButton>
      </header>
      {connection === "lost" && (
        <p role="status" className="flex items-center gap-2 border-b border-line bg-warn px-4 py-1.5 text-xs text-warn-ink">
          <span aria-hidden="true" className="size-2 animate-pulse rounded-full bg-current" />
          {t.assistant.reconnecting}
        </p>
      )}
      {history ? <History onOpen={show} /> : <Chat key={threadId ?? draft} />}
    </>
  );
}
