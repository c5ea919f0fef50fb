import { ThumbsDown, ThumbsUp } from "lucide-react";
import { lazy, useState } from "react";
import { useAnnounce } from "../../components/Announce";
import { IconButton } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { Deferred } from "../../components/Deferred";
import type { Vote } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { useVote } from "./votes";

const ReasonPopover = lazy(() => import("./ReasonPopover"));

const chosen = "aria-pressed:bg-accent-soft aria-pressed:text-accent aria-pressed:[&>svg]:fill-current/25";

/** Under an answer: copy it, and say whether it was good. */
export function FeedbackBar({ threadId, runId, said }: { threadId: string; runId: string; said: string }) {
  const { t } = useWords();
  const announce = useAnnounce();
  const { vote, change } = useVote(threadId, runId);
  const [asking, setAsking] = useState(false);
  const [failed, setFailed] = useState(false);

  const give = (next: Vote | null, said?: string) => {
    setFailed(false);
    change(next, { onSuccess: () => said && announce(said), onError: () => setFailed(true) });
  };
  const down = vote?.vote === "down";
  const openReasons = () => {
    if (!down) give({ runId, vote: "down" });
    setAsking(true);
  };

  return (
    <div className="-mt-1 -ms-2">
      <div role="group" aria-label={t.feedback.group} className="flex gap-0.5">
        {said && <CopyButton text={said} label={t.assistant.copy} />}
        <IconButton
          label={t.feedback.up}
          size="small"
          className={chosen}
          aria-pressed={vote?.vote === "up"}
          onClick={() => (vote?.vote === "up" ? give(null, t.feedback.removed) : give({ runId, vote: "up" }, t.feedback.thanks))}
        >
          <ThumbsUp aria-hidden="true" />
        </IconButton>
        <Deferred
          wanted={asking}
          onWant={openReasons}
          trigger={(openIt) => (
            <IconButton label={t.feedback.down} size="small" className={chosen} aria-pressed={down} onClick={openIt}>
              <ThumbsDown aria-hidden="true" />
            </IconButton>
          )}
          overlay={(trigger) => (
            <ReasonPopover
              trigger={trigger}
              open={asking}
              onOpenChange={(open) => (open ? openReasons() : setAsking(false))}
              given={down ? vote : undefined}
              onSend={(reasons, text) => {
                setAsking(false);
                give({ runId, vote: "down", reasons, text }, t.feedback.thanks);
              }}
              onRemove={() => {
                setAsking(false);
                give(null, t.feedback.removed);
              }}
            />
          )}
        />
      </div>
      {failed && (
        <p role="alert" className="ms-2 text-xs text-down">
          {t.feedback.failed}
        </p>
      )}
    </div>
  );
}
