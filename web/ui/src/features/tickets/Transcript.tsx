import { useLayoutEffect, useRef } from "react";
import { CardView } from "../assistant/cards/CardView";
import { Markdown } from "../assistant/Markdown";
import type { Thread, Turn } from "../assistant/model/thread";
import { useText } from "./words";

/** The conversation as the partner sees it, with its latest words in sight. */
export function Transcript({ thread, partner }: { thread: Thread; partner: string }) {
  const w = useText();
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [thread.cursor]);
  return (
    <div
      ref={box}
      role="log"
      aria-label={w.conversation}
      tabIndex={0}
      onScroll={(e) => {
        const el = e.currentTarget;
        atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < 48;
      }}
      className="flex max-h-[min(34rem,65dvh)] flex-col gap-4 overflow-y-auto overscroll-contain rounded-md border border-line bg-paper p-4 outline-offset-[-2px]"
    >
      {thread.turns.length === 0 && <p className="text-sm text-ink-2">{w.silent}</p>}
      {thread.turns.map((turn) => (
        <Said key={turn.runId} turn={turn} partner={partner} />
      ))}
    </div>
  );
}

const author = "mb-0.5 text-xs font-medium text-ink-2";

function Said({ turn, partner }: { turn: Turn; partner: string }) {
  const w = useText();
  const { handoff } = turn;
  return (
    <>
      {turn.user && (
        <div className="max-w-[90%] self-start rounded-xl rounded-es-sm bg-sunken px-4 py-2.5">
          <p className={author}>{partner}</p>
          <p className="whitespace-pre-wrap wrap-anywhere">{turn.user.text}</p>
        </div>
      )}
      {turn.parts.map((p) =>
        p.type === "card" ? (
          <CardView key={p.id} card={p.card} />
        ) : p.from ? (
          <div key={p.id} className="max-w-[90%] self-end rounded-xl rounded-ee-sm bg-accent-soft px-4 py-2.5">
            <p className={author}>{p.from}</p>
            <p className="whitespace-pre-wrap wrap-anywhere">{p.text}</p>
          </div>
        ) : (
          <div key={p.id} className="min-w-0">
            <p className={author}>{w.assistant}</p>
            <Markdown text={p.text} />
          </div>
        ),
      )}
      {turn.question && (
        <div className="min-w-0">
          <p className={author}>{w.assistant}</p>
          <Markdown text={turn.question.question} />
        </div>
      )}
      {turn.status === "running" && <p className="text-sm text-ink-2">{w.working}</p>}
      {handoff?.action && handoff.action !== "answer" && w.moved[handoff.action] && <p className="self-center text-center text-xs text-ink-2">{w.moved[handoff.action]}</p>}
    </>
  );
}
