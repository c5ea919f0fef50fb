import { X } from "lucide-react";
import { createContext, use, useCallback, useMemo, useState, type ReactNode } from "react";
import { useWords } from "../lib/i18n";
import { IconButton } from "./Button";

interface Toast {
  text: string;
  /** A failure stays until it is closed; anything else goes after a while. */
  failed?: boolean;
}

interface Announcer {
  announce: (text: string) => void;
  toast: (toast: Toast) => void;
}

const nothing = () => undefined;
const Context = createContext<Announcer>({ announce: nothing, toast: nothing });

const shownFor = 6000;

/** One polite live region for the whole app, and the toasts, which are read out through it. */
export function AnnounceProvider({ children }: { children: ReactNode }) {
  const { t } = useWords();
  const [said, setSaid] = useState({ text: "", n: 0 });
  const [toasts, setToasts] = useState<(Toast & { id: string })[]>([]);
  const announce = useCallback((text: string) => setSaid((s) => ({ text, n: s.n + 1 })), []);
  const drop = useCallback((id: string) => setToasts((all) => all.filter((x) => x.id !== id)), []);
  const toast = useCallback(
    (next: Toast) => {
      const id = crypto.randomUUID();
      announce(next.text);
      setToasts((all) => [...all.slice(-2), { ...next, id }]);
      if (!next.failed) setTimeout(() => drop(id), shownFor);
    },
    [announce, drop],
  );
  const value = useMemo(() => ({ announce, toast }), [announce, toast]);
  return (
    <Context value={value}>
      {children}
      <div aria-live="polite" role="status" className="sr-only" data-testid="announcer">
        <span key={said.n}>{said.text}</span>
      </div>
      <ul className="pointer-events-none fixed inset-x-0 bottom-20 z-50 flex flex-col items-center gap-2 px-4">
        {toasts.map((x) => (
          <li key={x.id} className={`pointer-events-auto flex max-w-md animate-in items-center gap-2 rounded-md border py-1.5 ps-4 pe-1.5 text-sm shadow-2 ${x.failed ? "border-down bg-danger-soft" : "border-line bg-surface"}`}>
            <span className="min-w-0 wrap-anywhere">{x.text}</span>
            <IconButton label={t.app.close} size="small" onClick={() => drop(x.id)}>
              <X aria-hidden="true" />
            </IconButton>
          </li>
        ))}
      </ul>
    </Context>
  );
}

export const useAnnounce = () => use(Context).announce;

/** Shows a short notice, which is read out too. */
export const useToast = () => use(Context).toast;
