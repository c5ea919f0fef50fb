import { Outlet, useRouteContext } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { AnnounceProvider } from "../components/Announce";
import { AssistantProvider, useAssistant } from "../features/assistant/AssistantProvider";
import { Dock } from "../features/assistant/Dock";
import { EntryBar } from "../features/assistant/EntryBar";
import { useDesktop, useWindowKey } from "../lib/hooks";
import { useWords } from "../lib/i18n";
import type { Session } from "../lib/contract";
import { Sidebar } from "./Sidebar";
import { TopBar } from "./TopBar";

const Palette = lazy(() => import("./Palette"));

/** The frame of every page: navigation, top bar, page, and the assistant for those who have one. */
export function Shell() {
  const { t } = useWords();
  const { session } = useRouteContext({ from: "/signed-in" });
  return (
    <AnnounceProvider>
      <a
        href="#content"
        className="fixed start-3 top-3 z-50 -translate-y-20 rounded-md bg-accent px-4 py-2 text-sm font-medium text-accent-ink focus:translate-y-0"
        onClick={(e) => {
          e.preventDefault();
          document.getElementById("content")?.focus();
        }}
      >
        {t.app.skip}
      </a>
      {session.role === "partner" ? (
        <AssistantProvider key={session.uid} session={session}>
          <WithAssistant />
        </AssistantProvider>
      ) : (
        <div className="flex">
          <Sidebar session={session} narrow={false} />
          <Page session={session} />
          <PaletteKey session={session} />
        </div>
      )}
    </AnnounceProvider>
  );
}

function WithAssistant() {
  const { session } = useRouteContext({ from: "/signed-in" });
  const { isOpen, ask } = useAssistant();
  const desktop = useDesktop();
  return (
    <div className="flex">
      <Sidebar session={session} narrow={isOpen} />
      <Page session={session} footer={<EntryBar hidden={isOpen && desktop} />} />
      <Dock />
      <PaletteKey session={session} onAsk={ask} />
    </div>
  );
}

/** Ctrl-K or ⌘K opens the palette, and closes it again. */
function PaletteKey({ session, onAsk }: { session: Session; onAsk?: (text: string) => void }) {
  const [open, setOpen] = useState(false);
  useWindowKey((e) => {
    if (e.key.toLowerCase() === "k" && (e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey) {
      e.preventDefault();
      setOpen((was) => !was);
    }
  });
  return open ? (
    <Suspense fallback={null}>
      <Palette session={session} onAsk={onAsk} onClose={() => setOpen(false)} />
    </Suspense>
  ) : null;
}

function Page({ session, footer }: { session: React.ComponentProps<typeof TopBar>["session"]; footer?: React.ReactNode }) {
  return (
    <div className="flex min-h-dvh min-w-0 flex-1 flex-col">
      <TopBar session={session} />
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-6xl min-w-0 flex-1 px-4 pt-5 pb-8 outline-none sm:px-6">
        <Outlet />
      </main>
      {footer}
    </div>
  );
}
