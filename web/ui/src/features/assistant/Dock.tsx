import { Dialog } from "radix-ui";
import { lazy, Suspense } from "react";
import { Skeleton } from "../../components/Skeleton";
import { useDesktop, useWindowKey } from "../../lib/hooks";
import { useWords } from "../../lib/i18n";
import { useAssistant } from "./AssistantProvider";

export const loadPanel = () => import("./Panel");
const Panel = lazy(loadPanel);

/** Where the panel stands: a column beside the page on a desktop, a sheet over it on anything smaller. */
export function Dock() {
  const { t } = useWords();
  const { isOpen, close } = useAssistant();
  const desktop = useDesktop();

  useWindowKey((e) => {
    if (e.key !== "Escape" || e.defaultPrevented || e.isComposing || !isOpen || !desktop) return;
    const at = document.activeElement;
    if (at === document.body || at?.closest("#assistant")) close();
  });

  if (desktop) {
    return isOpen ? (
      <aside id="assistant" aria-label={t.assistant.title} className="sticky top-0 flex h-dvh w-[24.5rem] shrink-0 flex-col border-s border-line bg-surface 2xl:w-[28rem]">
        <Suspense fallback={<Opening />}>
          <Panel />
        </Suspense>
      </aside>
    ) : null;
  }
  return (
    <Dialog.Root open={isOpen} onOpenChange={(o) => !o && close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-30 animate-in bg-scrim" />
        <Dialog.Content
          id="assistant"
          aria-describedby={undefined}
          // The composer takes the focus itself, and it goes back to whatever opened the sheet.
          onOpenAutoFocus={(e) => e.preventDefault()}
          onCloseAutoFocus={(e) => e.preventDefault()}
          className="fixed inset-x-0 top-3 bottom-0 z-30 flex animate-sheet flex-col overflow-hidden rounded-t-xl border border-b-0 border-line bg-surface outline-none sm:inset-x-auto sm:inset-y-0 sm:end-0 sm:w-[27rem] sm:rounded-none sm:border-y-0 sm:border-e-0"
        >
          <Dialog.Title className="sr-only">{t.assistant.title}</Dialog.Title>
          <Suspense fallback={<Opening />}>
            <Panel />
          </Suspense>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Opening() {
  const { t } = useWords();
  return (
    <div role="status" aria-label={t.states.loading} className="flex flex-1 flex-col gap-4 p-4">
      <Skeleton className="h-6 w-28" />
      <Skeleton className="mt-4 h-16 w-full" />
      <Skeleton className="mt-auto h-12 w-full" />
    </div>
  );
}
