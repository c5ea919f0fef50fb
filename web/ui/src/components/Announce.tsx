import { createContext, use, useCallback, useState, type ReactNode } from "react";

const Context = createContext<(text: string) => void>(() => undefined);

/** One polite live region for the whole app. */
export function AnnounceProvider({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ text: "", n: 0 });
  const announce = useCallback((text: string) => setSaid((s) => ({ text, n: s.n + 1 })), []);
  return (
    <Context value={announce}>
      {children}
      <div aria-live="polite" role="status" className="sr-only" data-testid="announcer">
        <span key={said.n}>{said.text}</span>
      </div>
    </Context>
  );
}

export const useAnnounce = () => use(Context);
