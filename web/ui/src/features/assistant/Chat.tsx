import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useRef } from "react";
import { useAnnounce } from "../../components/Announce";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { Button } from "../../components/Button";
import { useWords } from "../../lib/i18n";
import { newChat, useAssistant, useChatState } from "./AssistantProvider";
import { AskProvider } from "./cards/Ask";
import { ProposalsProvider } from "./cards/proposals";
import { Composer } from "./Composer";
import { HandoffBanner } from "./HandoffBanner";
import { useHandoffText } from "./handoffWords";
import type { Other } from "./model/other";
import { answerText, type Turn } from "./model/thread";
import { PendingMessage } from "./PendingMessage";
import { TurnView } from "./TurnView";
import { useStickToEnd } from "./useStickToEnd";
import { Welcome } from "./Welcome";

const none: readonly Turn[] = [];

/** One conversation, and the composer under it. */
export function Chat() {
  const { t } = useWords();
  const { client, threadId, draft, open } = useAssistant();
  const state = useChatState();
  const thread = threadId ? state.threads[threadId] : undefined;
  const turns = thread?.turns ?? none;
  const shown = new Set(turns.map((turn) => turn.user?.clientId));
  const pending = state.outbox.filter((p) => !shown.has(p.clientId) && (threadId && p.threadId ? p.threadId === threadId : p.chat === draft));
  const last = turns.at(-1);
  const handoff = turns.findLast((turn) => turn.handoff)?.handoff;
  const held = handoff?.state === "claimed" || handoff?.state === "waiting";
  const other = threadId && held ? state.others[threadId] : undefined;
  const cursor = thread?.cursor ?? 0;
  const connected = state.connection === "open";
  useEffect(() => {
    if (held && connected && threadId && cursor > 0 && document.visibilityState === "visible") client.saw(threadId);
  }, [client, held, connected, threadId, cursor]);
  const running = last?.status === "running" ? last.runId : undefined;
  const waiting = pending.some((p) => p.state === "sending");
  const { box, content, onScroll, atEnd, toEnd } = useStickToEnd();
  useAnnouncedEnd(last);

  // The same function from render to render, so that only the turn that grows is drawn again.
  const send = useCallback(
    (text: string, option?: string) => {
      client.send({ chat: draft, threadId, text, option });
      toEnd();
    },
    [client, draft, threadId, toEnd],
  );
  const busy = running !== undefined || waiting;
  const loading = thread?.load === "loading" || (threadId !== undefined && !thread);

  return (
    <>
      {handoff && <HandoffBanner status={handoff} />}
      <div className="relative min-h-0 flex-1">
        <div ref={box} onScroll={onScroll} role="log" aria-live="off" aria-label={t.assistant.title} tabIndex={0} className="relative h-full overflow-y-auto overscroll-contain px-4 outline-offset-[-2px]">
          <div ref={content} className="flex min-h-full flex-col gap-6 py-5">
            {loading && <Loading />}
            {thread?.load === "gone" && (
              <NothingYet title={t.assistant.gone} text="">
                <Button onClick={() => open(newChat)}>{t.assistant.newChat}</Button>
              </NothingYet>
            )}
            {thread?.load === "failed" && <Failed error={null} onRetry={() => threadId && client.open(threadId)} />}
            {!loading && (!thread || thread.load === "ready") && turns.length === 0 && pending.length === 0 && <Welcome onAsk={send} />}
            <AskProvider ask={send} busy={busy}>
              <ProposalsProvider turns={turns}>
              {turns.map((turn, i) => (
                <TurnView
                  key={turn.runId}
                  turn={turn}
                  threadId={threadId}
                  next={turns[i + 1]?.user?.text ?? (i === turns.length - 1 ? pending[0]?.text : undefined)}
                  isLast={i === turns.length - 1 && pending.length === 0}
                  stopping={state.stopping.includes(turn.runId)}
                  onAsk={send}
                />
              ))}
              </ProposalsProvider>
            </AskProvider>
            {threadId && other && <Receipt other={other} sent={thread?.events.findLast((e) => e.type === "CUSTOM" && e.name === "user_message")?.seq} />}
            {pending.map((p) => (
              <PendingMessage key={p.clientId} pending={p} onRetry={() => client.retry(p.clientId)} onDiscard={() => client.discard(p.clientId)} />
            ))}
          </div>
        </div>
        {!atEnd && (
          <Button className="absolute bottom-3 left-1/2 min-h-8 -translate-x-1/2 rounded-full bg-surface text-xs shadow-2" onClick={toEnd}>
            <ArrowDown className="size-3.5" aria-hidden="true" />
            {t.assistant.jump}
          </Button>
        )}
      </div>
      <Composer
        draftKey={threadId ?? newChat}
        busy={busy}
        disabled={thread?.load === "gone"}
        stopping={running !== undefined && state.stopping.includes(running)}
        onStop={running ? () => client.stop(running) : undefined}
        onSend={send}
        onType={held && threadId ? () => client.typing(threadId) : undefined}
      />
    </>
  );
}

// Says that an answer is complete, once; not each word of it, and not what was complete before.
function useAnnouncedEnd(last: Turn | undefined) {
  const { t } = useWords();
  const announce = useAnnounce();
  const seen = useRef<string>(undefined);
  useEffect(() => {
    if (!last) return;
    if (last.status === "running") seen.current = last.runId;
    else if (seen.current === last.runId) {
      seen.current = undefined;
      announce(last.status === "done" ? t.assistant.done(answerText(last)) : last.status === "stopped" ? t.assistant.stopped : t.assistant.failedRun);
    }
  }, [last, announce, t]);
}

/** How far my last message has got with the person who answers, and whether they write. */
function Receipt({ other, sent }: { other: Other; sent?: number }) {
  const w = useHandoffText();
  const got = sent === undefined ? "" : other.seen >= sent ? w.seen : other.delivered >= sent ? w.delivered : "";
  return (
    <div className="-mt-4 text-xs text-ink-2">
      {got && <p className="text-end">{got}</p>}
      <p role="status">{other.typing ? w.typing(other.name ?? w.somebody) : ""}</p>
    </div>
  );
}

function Loading() {
  const { t } = useWords();
  return (
    <div role="status" aria-label={t.assistant.loading} className="flex flex-col gap-6">
      <Skeleton className="ms-auto h-10 w-3/5 rounded-lg" />
      <Skeleton className="h-5 w-4/5" />
      <Skeleton className="h-44 w-full rounded-lg" />
    </div>
  );
}
