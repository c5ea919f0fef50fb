import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import type { ReactElement } from "react";
import { IconButton } from "../components/Button";
import type { Session } from "../lib/contract";
import { useWords } from "../lib/i18n";
import { Logo } from "./Logo";
import { ScreenLinks } from "./Sidebar";

interface Props {
  session: Session;
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** The pages on a phone. */
export default function Drawer({ session, trigger, open, onOpenChange }: Props) {
  const { t } = useWords();
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Trigger asChild>{trigger}</Dialog.Trigger>
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
            <ScreenLinks session={session} onGo={() => onOpenChange(false)} />
          </nav>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
