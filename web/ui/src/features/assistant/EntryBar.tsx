import { Sparkles } from "lucide-react";
import { useEffect } from "react";
import { Kbd } from "../../components/Kbd";
import { useWords } from "../../lib/i18n";
import { useAssistant } from "./AssistantProvider";
import { preloadPanel } from "./Dock";

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** At the bottom of every page; hidden where the open panel's own composer takes its place. */
export function EntryBar({ hidden }: { hidden: boolean }) {
  const { t } = useWords();
  const { open } = useAssistant();
  useEffect(() => {
    const id = setTimeout(preloadPanel, 1200);
    return () => clearTimeout(id);
  }, []);
  return (
    <div className={`sticky bottom-0 z-10 bg-linear-to-t from-paper from-60% to-transparent px-4 pt-6 pb-[max(1rem,env(safe-area-inset-bottom))] sm:px-6 ${hidden ? "hidden" : ""}`}>
      <button
        id="assistant-entry"
        type="button"
        aria-label={t.assistant.open}
        aria-keyshortcuts="Control+J Meta+J"
        onClick={() => open()}
        onPointerEnter={preloadPanel}
        onFocus={preloadPanel}
        className="mx-auto flex h-12 w-full max-w-2xl items-center gap-3 rounded-full border border-line-strong/50 bg-surface ps-4 pe-3 text-start shadow-2 transition-colors hover:border-accent"
      >
        <Sparkles className="size-[18px] shrink-0 text-accent" aria-hidden="true" />
        <span className="min-w-0 flex-1 truncate text-ink-2">{t.assistant.placeholder}</span>
        <span className="hidden shrink-0 sm:block">
          <Kbd>{mac ? "⌘ J" : "Ctrl J"}</Kbd>
        </span>
      </button>
    </div>
  );
}
