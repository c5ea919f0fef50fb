import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import type { ReactNode } from "react";
import { useWords } from "../lib/i18n";
import { IconButton } from "./Button";

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  text?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}

/** A dialog in the middle, or from below on a phone: it holds the focus, and gives it back. */
export function Modal({ open, onClose, title, text, children, wide = false }: Props) {
  const { t } = useWords();
  return (
    <Dialog.Root open={open} onOpenChange={(o) => !o && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 animate-in bg-scrim" />
        <Dialog.Content
          {...(text ? {} : { "aria-describedby": undefined })}
          className={`fixed z-40 flex max-h-[90dvh] animate-in flex-col overflow-hidden border border-line bg-surface shadow-2 max-sm:inset-x-0 max-sm:bottom-0 max-sm:rounded-t-xl sm:start-1/2 sm:top-1/2 sm:w-[calc(100vw-3rem)] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-lg ${wide ? "sm:max-w-2xl" : "sm:max-w-md"}`}
        >
          <div className="flex items-start justify-between gap-3 px-5 pt-4">
            <Dialog.Title className="min-w-0 text-lg font-semibold tracking-tight wrap-anywhere">{title}</Dialog.Title>
            <Dialog.Close asChild>
              <IconButton label={t.app.close} size="small" className="-me-2">
                <X aria-hidden="true" />
              </IconButton>
            </Dialog.Close>
          </div>
          <div className="min-h-0 overflow-y-auto px-5 pt-1 pb-5">
            {text && <Dialog.Description className="text-sm text-ink-2">{text}</Dialog.Description>}
            {children}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

export const ModalButtons = ({ children }: { children: ReactNode }) => <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>;
