import { Menu, TriangleAlert, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useState } from "react";
import { IconButton } from "../components/Button";
import type { Session } from "../lib/contract";
import { useWords } from "../lib/i18n";
import { Logo } from "./Logo";
import { ScreenLinks } from "./Sidebar";
import { UserMenu } from "./UserMenu";

export function TopBar({ session }: { session: Session }) {
  const { t } = useWords();
  return (
    <header className="sticky top-0 z-20 flex h-14 items-center gap-2 border-b border-line bg-paper/95 px-3 backdrop-blur-sm sm:px-6">
      <div className="flex items-center gap-1 lg:hidden">
        <Drawer session={session} />
        <Logo />
      </div>
      <div className="ms-auto flex min-w-0 items-center gap-2">
        {session.dev && (
          <span title={t.app.devBadge} className="flex items-center gap-1.5 rounded-full bg-warn px-2.5 py-1 text-xs font-medium whitespace-nowrap text-warn-ink">
            <TriangleAlert className="size-3.5 shrink-0" aria-hidden="true" />
            <span className="max-sm:sr-only">{t.signIn.loud}</span>
          </span>
        )}
        <UserMenu session={session} />
      </div>
    </header>
  );
}

/** The pages on a phone. */
function Drawer({ session }: { session: Session }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger asChild>
        <IconButton label={t.app.menu}>
          <Menu aria-hidden="true" />
        </IconButton>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 animate-in bg-scrim" />
        <Dialog.Content aria-describedby={undefined} className="fixed inset-y-0 start-0 z-40 flex w-72 max-w-[85vw] animate-in flex-col border-e border-line bg-paper">
          <div className="flex h-14 items-center justify-between ps-4 pe-2">
            <Logo />
            <Dialog.Close asChild>
              <IconButton label={t.app.close}>
                <X aria-hidden="true" />
              </IconButton>
            </Dialog.Close>
          </div>
          <Dialog.Title className="sr-only">{t.app.navigation}</Dialog.Title>
          <nav aria-label={t.app.navigation} className="px-3 pt-2">
            <ScreenLinks session={session} onGo={() => setOpen(false)} />
          </nav>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
