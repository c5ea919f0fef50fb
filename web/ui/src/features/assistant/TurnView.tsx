import { Check, CircleAlert, CornerDownRight, Headset, Unplug } from "lucide-react";
import { memo } from "react";
import { useWords } from "../../lib/i18n";
import { CardView } from "./cards/CardView";
import { FeedbackBar } from "./FeedbackBar";
import { useHandoffText } from "./handoffWords";
import { Markdown } from "./Markdown";
import { answerText, type Turn } from "./model/thread";

interface Props {
  turn: Turn;
  threadId?: string;
  /** What was said next, which is the option that was chosen if it is one. */
  next?: string;
  isLast: boolean;
  stopping: boolean;
  onAsk: (text: string, option?: string) => void;
}

/** A question of mine and its answer. */
export const TurnView = memo(function TurnView({ turn, threadId, next, isLast, stopping, onAsk }: Props) {
  const { t } = useWords();
  const w = useHandoffText();
  const running = turn.status === "running";
  const said = answerText(turn);
  const asked = turn.question && !turn.parts.some((p) => p.type === "text" && p.text.includes(turn.question?.question ?? ""));
  const byPerson = turn.parts.some((p) => p.type === "text" && p.from);
  const moved = turn.handoff?.action ? w.moved[turn.handoff.action] : undefined;
  const writing = turn.parts.some((p) => p.type === "text" && !p.done);
  return (
    <article className="flex flex-col gap-3">
      {turn.user && <Bubble text={turn.user.text} />}
      {turn.parts.map((p) => (p.type === "card" ? <CardView key={p.id} card={p.card} /> : p.from ? <PersonBubble key={p.id} from={p.from} text={p.text} /> : <Markdown key={p.id} text={p.text} />))}
      {turn.question && asked && <Markdown text={turn.question.question} />}
      {moved && <p className="text-center text-xs text-ink-2">{moved(turn.handoff?.bd ?? w.somebody)}</p>}
      {running && !writing && <Working label={stopping ? t.assistant.stopping : (turn.tool && t.assistant.tools[turn.tool]) || t.assistant.working} />}
      {turn.question?.options && !running && <Options options={turn.question.options} chosen={next} disabled={!isLast} onChoose={(o) => onAsk(o, o)} />}
      {turn.degraded && (
        <p className="flex items-center gap-1.5 text-xs text-ink-2">
          <Unplug className="size-3.5 shrink-0" aria-hidden="true" />
          {t.assistant.degraded}
        </p>
      )}
      {turn.status === "stopped" && <p className="text-sm text-ink-2">{t.assistant.stopped}</p>}
      {turn.status === "failed" && (
        <div role="alert" className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md bg-danger-soft px-3 py-2 text-sm text-down">
          <CircleAlert className="size-4 shrink-0" aria-hidden="true" />
          <span className="min-w-0 flex-1">
            {t.assistant.failedRun} {turn.error}
          </span>
          {isLast && turn.user && (
            <button type="button" className="rounded-sm font-medium underline underline-offset-2" onClick={() => onAsk(turn.user?.text ?? "")}>
              {t.assistant.askAgain}
            </button>
          )}
        </div>
      )}
      {!running && threadId && turn.user && !byPerson && (said || turn.parts.length > 0) && <FeedbackBar threadId={threadId} runId={turn.runId} said={said} />}
      {isLast && !running && turn.suggestions.length > 0 && <Suggestions items={turn.suggestions} onAsk={onAsk} />}
    </article>
  );
});

export function Bubble({ text }: { text: string }) {
  const { t } = useWords();
  return (
    <p className="ms-auto max-w-[85%] rounded-xl rounded-ee-sm bg-accent-soft px-4 py-2.5 whitespace-pre-wrap wrap-anywhere">
      <span className="sr-only">{t.assistant.you}: </span>
      {text}
    </p>
  );
}

/** What a person says, who is not the assistant. */
function PersonBubble({ from, text }: { from: string; text: string }) {
  return (
    <div className="me-auto max-w-[85%] rounded-xl rounded-es-sm border border-line bg-sunken px-4 py-2.5">
      <p className="mb-0.5 flex items-center gap-1.5 text-xs font-medium text-ink-2">
        <Headset className="size-3.5 shrink-0 text-accent" aria-hidden="true" />
        {from}
      </p>
      <p className="whitespace-pre-wrap wrap-anywhere">{text}</p>
    </div>
  );
}

export function Working({ label }: { label: string }) {
  return (
    <p className="flex items-center gap-2.5 text-sm text-ink-2">
      <span aria-hidden="true" className="flex gap-1">
        {[0, 150, 300].map((ms) => (
          <span key={ms} className="size-1.5 animate-dot rounded-full bg-accent" style={{ animationDelay: `${ms}ms` }} />
        ))}
      </span>
      {label}
    </p>
  );
}

function Options({ options, chosen, disabled, onChoose }: { options: string[]; chosen?: string; disabled: boolean; onChoose: (o: string) => void }) {
  const { t } = useWords();
  return (
    <div role="group" aria-label={t.assistant.options} className="flex flex-col gap-1.5">
      {options.map((o) => (
        <button
          key={o}
          type="button"
          disabled={disabled}
          aria-pressed={disabled ? o === chosen : undefined}
          onClick={() => onChoose(o)}
          className="flex min-h-10 items-center justify-between gap-2 rounded-md border border-line-strong/60 bg-surface px-3.5 py-1.5 text-start text-sm font-medium enabled:hover:border-accent enabled:hover:bg-accent-soft disabled:border-line disabled:font-normal disabled:text-ink-3 aria-pressed:border-accent aria-pressed:text-ink"
        >
          {o}
          {disabled && o === chosen && <Check className="size-4 shrink-0 text-accent" aria-hidden="true" />}
        </button>
      ))}
    </div>
  );
}

export function Suggestions({ items, onAsk }: { items: string[]; onAsk: (text: string) => void }) {
  const { t } = useWords();
  return (
    <ul aria-label={t.assistant.suggested} className="flex flex-col items-start gap-1.5">
      {items.map((s) => (
        <li key={s} className="max-w-full">
          <button type="button" onClick={() => onAsk(s)} className="flex min-h-9 items-center gap-2 rounded-lg border border-line bg-surface px-3 py-1.5 text-start text-sm text-ink-2 hover:border-accent hover:text-ink">
            <CornerDownRight className="size-3.5 shrink-0 text-accent" aria-hidden="true" />
            <span className="wrap-anywhere">{s}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
