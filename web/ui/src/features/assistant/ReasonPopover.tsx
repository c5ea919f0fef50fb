import { Popover } from "radix-ui";
import { useId, useState, type ReactElement } from "react";
import { Button } from "../../components/Button";
import { downReasons, type Vote } from "../../lib/contract";
import { useWords } from "../../lib/i18n";

const maxText = 1000;

interface Props {
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** The reasons as they were given before. */
  given?: Vote;
  onSend: (reasons: string[], text: string) => void;
  onRemove: () => void;
}

/** Asks why an answer was bad. The vote counts already: whoever closes it has said enough. */
export default function ReasonPopover({ trigger, open, onOpenChange, given, onSend, onRemove }: Props) {
  const { t } = useWords();
  const title = useId();
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={12}
          aria-labelledby={title}
          // The panel closes at Escape too; this is the inner one.
          onEscapeKeyDown={(e) => e.stopPropagation()}
          className="z-50 max-h-[var(--radix-popover-content-available-height)] w-[min(20rem,calc(100vw-1.5rem))] animate-in overflow-auto rounded-lg border border-line bg-surface p-4 shadow-2"
        >
          <h2 id={title} className="font-medium">
            {t.feedback.title}
          </h2>
          <Reasons given={given} onSend={onSend} onRemove={onRemove} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Reasons({ given, onSend, onRemove }: Pick<Props, "given" | "onSend" | "onRemove">) {
  const { t } = useWords();
  const [reasons, setReasons] = useState<readonly string[]>(given?.reasons ?? []);
  const [text, setText] = useState(given?.text ?? "");
  const hint = useId();
  return (
    <form
      className="mt-1 flex flex-col gap-2.5"
      onSubmit={(e) => {
        e.preventDefault();
        onSend([...reasons], text.trim());
      }}
    >
      <ul aria-label={t.feedback.title}>
        {downReasons.map((r) => (
          <li key={r}>
            <label className="flex min-h-8 cursor-pointer items-center gap-2.5 rounded-sm px-1 text-sm hover:bg-sunken">
              <input
                type="checkbox"
                className="size-4 shrink-0 accent-accent"
                checked={reasons.includes(r)}
                onChange={(e) => setReasons(e.target.checked ? [...reasons, r] : reasons.filter((x) => x !== r))}
              />
              {t.feedback.reasons[r]}
            </label>
          </li>
        ))}
      </ul>
      <label className="text-sm">
        {t.feedback.text}
        <textarea
          rows={2}
          maxLength={maxText}
          value={text}
          aria-describedby={hint}
          onChange={(e) => setText(e.target.value)}
          className="mt-1 w-full resize-y rounded-sm border border-line-strong bg-surface px-2 py-1.5"
        />
      </label>
      <p id={hint} className="text-xs text-ink-2">
        {t.feedback.hint}
      </p>
      <div className="sticky -bottom-4 -mx-4 -mb-4 flex flex-wrap justify-end gap-2 bg-surface px-4 pt-1 pb-4">
        <Button variant="quiet" onClick={onRemove}>
          {t.feedback.remove}
        </Button>
        <Button type="submit" variant="primary">
          {t.feedback.send}
        </Button>
      </div>
    </form>
  );
}
