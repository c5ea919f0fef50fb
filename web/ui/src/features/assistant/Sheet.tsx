import { Dialog } from "radix-ui";
import type { ReactNode } from "react";
import { useWords } from "../../lib/i18n";

/** The panel over the page, on anything smaller than a desktop. */
export default function Sheet({ open, onClose, children }: { open: boolean; onClose: () => void; children: ReactNode }) {
  const { t } = useWords();
  return (
    <Dialog.Root open={open} onOpenChange={(o) => !o && onClose()}>
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
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
