import { CircleAlert } from "lucide-react";
import { useWords } from "../../lib/i18n";
import type { Pending } from "./model/client";
import { Bubble, Working } from "./TurnView";

/** A message of mine on its way, or one that did not get there. */
export function PendingMessage({ pending, onRetry, onDiscard }: { pending: Pending; onRetry: () => void; onDiscard: () => void }) {
  const { t } = useWords();
  if (pending.state === "sending") {
    return (
      <div className="flex flex-col gap-3">
        <Bubble text={pending.text} />
        <Working label={t.assistant.sending} />
      </div>
    );
  }
  const link = "rounded-sm font-medium underline underline-offset-2";
  return (
    <div className="flex flex-col gap-1.5">
      <Bubble text={pending.text} />
      <div role="alert" className="flex flex-wrap items-center justify-end gap-x-3 gap-y-1 text-sm text-down">
        <span className="flex items-center gap-1.5">
          <CircleAlert className="size-4 shrink-0" aria-hidden="true" />
          {t.assistant.notSent} {pending.error ?? t.assistant.timedOut}
        </span>
        <button type="button" className={link} onClick={onRetry}>
          {t.assistant.retry}
        </button>
        <button type="button" className={link} onClick={onDiscard}>
          {t.assistant.discard}
        </button>
      </div>
    </div>
  );
}
