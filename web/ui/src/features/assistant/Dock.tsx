import { Suspense } from "react";
import { Skeleton } from "../../components/Skeleton";
import { desktopWidth, useDesktop, useWindowKey } from "../../lib/hooks";
import { useWords } from "../../lib/i18n";
import { preloadable } from "../../lib/preloadable";
import { useAssistant } from "./AssistantProvider";

const Panel = preloadable(() => import("./Panel"));
const Sheet = preloadable(() => import("./Sheet"));

/** Fetches the panel's code, so that it opens at once. */
export function preloadPanel() {
  void Panel.preload();
  if (!matchMedia(desktopWidth).matches) void Sheet.preload();
}

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
    <Suspense fallback={null}>
      <Sheet open={isOpen} onClose={close}>
        <Suspense fallback={<Opening />}>
          <Panel />
        </Suspense>
      </Sheet>
    </Suspense>
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
