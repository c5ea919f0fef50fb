import { ArrowUp, Square } from "lucide-react";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { useWords } from "../../lib/i18n";
import { useAssistant } from "./AssistantProvider";
import { maxText } from "./model/events";

interface Props {
  /** What the unsent text is kept under, over a reload. */
  draftKey: string;
  /** An answer is under way: nothing is sent before it is complete. */
  busy: boolean;
  disabled: boolean;
  stopping: boolean;
  onStop?: () => void;
  onSend: (text: string) => void;
  /** Somebody is told that I type. */
  onType?: () => void;
}

const storage = (key: string) => `partnerhub.text.${key}`;

export function Composer({ draftKey, busy, disabled, stopping, onStop, onSend, onType }: Props) {
  const { t, f } = useWords();
  const { focusAsked } = useAssistant();
  const [text, setText] = useState(() => sessionStorage.getItem(storage(draftKey)) ?? "");
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const length = Array.from(text.trim()).length;
  const tooLong = length > maxText;
  const ready = length > 0 && !tooLong && !busy && !disabled;

  useEffect(() => field.current?.focus({ preventScroll: true }), [focusAsked]);
  useEffect(() => {
    if (text) sessionStorage.setItem(storage(draftKey), text);
    else sessionStorage.removeItem(storage(draftKey));
  }, [draftKey, text]);
  useLayoutEffect(() => {
    const el = field.current;
    if (!el) return;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, 160)}px`;
  }, [text]);

  const submit = () => {
    if (!ready) return;
    onSend(text.trim());
    setText("");
    sessionStorage.removeItem(storage(draftKey));
    field.current?.focus();
  };

  return (
    <form
      className="shrink-0 border-t border-line px-3 pt-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]"
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      <div className="flex items-end gap-1.5 rounded-lg border border-line-strong bg-surface p-1.5 focus-within:border-accent focus-within:outline-1 focus-within:outline-accent">
        <textarea
          ref={field}
          rows={1}
          value={text}
          disabled={disabled}
          aria-label={t.assistant.message}
          aria-describedby={`${id}-hint${tooLong ? ` ${id}-long` : ""}`}
          aria-invalid={tooLong}
          placeholder={t.assistant.ask}
          enterKeyHint="send"
          onChange={(e) => {
            setText(e.target.value);
            onType?.();
          }}
          onKeyDown={(e) => {
            // Enter also confirms a word of an input method; Safari tells so by the key code alone.
            // eslint-disable-next-line @typescript-eslint/no-deprecated
            if (e.key !== "Enter" || e.shiftKey || e.nativeEvent.isComposing || e.keyCode === 229) return;
            e.preventDefault();
            submit();
          }}
          className="max-h-40 min-h-9 min-w-0 flex-1 resize-none bg-transparent px-2 py-1.5 text-base outline-none placeholder:text-ink-3"
        />
        {onStop ? (
          <button type="button" aria-label={stopping ? t.assistant.stopping : t.assistant.stop} title={t.assistant.stop} aria-disabled={stopping} onClick={onStop} className="grid size-9 shrink-0 place-items-center rounded-md bg-ink text-surface aria-disabled:opacity-50">
            <Square className="size-3.5 fill-current" aria-hidden="true" />
          </button>
        ) : (
          <button type="submit" aria-label={t.assistant.send} title={t.assistant.send} aria-disabled={!ready} className="grid size-9 shrink-0 place-items-center rounded-md bg-accent text-accent-ink aria-disabled:bg-sunken aria-disabled:text-ink-3">
            <ArrowUp className="size-[18px]" aria-hidden="true" />
          </button>
        )}
      </div>
      <p id={`${id}-hint`} className="sr-only">
        {t.assistant.hint}
      </p>
      {tooLong && (
        <p id={`${id}-long`} role="alert" className="mt-1.5 text-xs text-down">
          {t.assistant.tooLong(f.count(maxText))} ({f.count(length)})
        </p>
      )}
    </form>
  );
}
