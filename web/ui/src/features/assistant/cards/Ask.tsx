import { ChevronRight } from "lucide-react";
import { createContext, use, useMemo, type ReactNode } from "react";
import type { Call, Figure } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";
import { phrase, showReferee } from "./phrase";

interface Asking {
  ask: (text: string) => void;
  /** An answer is under way: nothing else can be asked. */
  busy: boolean;
}

const Context = createContext<Asking>({ ask: () => undefined, busy: true });

/** Around a chat: what is inside can ask the next question. */
export function AskProvider({ ask, busy, children }: Asking & { children: ReactNode }) {
  const value = useMemo(() => ({ ask, busy }), [ask, busy]);
  return <Context value={value}>{children}</Context>;
}

const look = "rounded-sm text-start font-medium text-accent underline-offset-2 hover:underline aria-disabled:no-underline aria-disabled:opacity-60";

/** A link within a card that asks for what is behind a figure; plain text where that cannot be asked. */
export function Ask({ call, label, children, className = "" }: { call?: Call; label?: string; children: ReactNode; className?: string }) {
  const { ask, busy } = use(Context);
  const text = call && phrase(call);
  if (!text) return <span className={className}>{children}</span>;
  return (
    <button type="button" aria-label={label} title={label ?? text} aria-disabled={busy} className={`${look} ${className}`} onClick={() => !busy && ask(text)}>
      {children}
    </button>
  );
}

/** The same as a line of its own at the end of a row. Nothing where it cannot be asked. */
export function AskMore({ call, label, children }: { call?: Call; label?: string; children: ReactNode }) {
  if (!call || phrase(call) === undefined) return null;
  return (
    <Ask call={call} label={label} className="inline-flex min-h-6 items-center gap-0.5 text-xs">
      {children}
      <ChevronRight className="size-3.5" aria-hidden="true" />
    </Ask>
  );
}

/** A referee's uid, which asks for their details. */
export function Uid({ uid, period, named = false }: { uid: Figure; period?: unknown; named?: boolean }) {
  const { t } = useWords();
  return (
    <Ask call={showReferee(uid, period)} label={t.cards.detailsOf(String(uid))} className="tabular-nums">
      {named ? `${t.referee.uid} ${uid}` : uid}
    </Ask>
  );
}
