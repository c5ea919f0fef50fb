import { CircleSlash, Inbox, Lock, RotateCw, SearchX, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../lib/api";
import { useWords } from "../lib/i18n";
import { Button } from "./Button";

function State({ icon: Icon, title, text, children, role }: { icon: LucideIcon; title: string; text?: string; children?: ReactNode; role?: "alert" }) {
  return (
    <div role={role} className="flex flex-col items-center gap-1 px-6 py-10 text-center">
      <span className="mb-2 grid size-10 place-items-center rounded-full bg-sunken text-ink-2">
        <Icon className="size-5" aria-hidden="true" />
      </span>
      <p className="font-medium">{title}</p>
      {text && <p className="max-w-sm text-sm text-ink-2">{text}</p>}
      {children && <div className="mt-3 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  );
}

/** There is nothing yet; text says how something comes to be. */
export const NothingYet = ({ title, text, children }: { title: string; text: string; children?: ReactNode }) => (
  <State icon={Inbox} title={title} text={text}>
    {children}
  </State>
);

/** There is something, but not under these filters. */
export const NoMatch = ({ title, text, clear, onClear }: { title: string; text?: string; clear: string; onClear: () => void }) => (
  <State icon={SearchX} title={title} text={text}>
    <Button onClick={onClear}>{clear}</Button>
  </State>
);

export function NoPermission() {
  const { t } = useWords();
  return <State icon={Lock} title={t.states.noPermission} text={t.states.noPermissionText} />;
}

/** A failed load, with a second try; a refusal for the role is said as such. */
export function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useWords();
  if (error instanceof ApiError && error.status === 403) return <NoPermission />;
  const text = error instanceof ApiError && error.status > 0 ? error.message : t.states.unreachable;
  return (
    <State icon={CircleSlash} title={t.states.failed} text={text} role="alert">
      <Button onClick={onRetry}>
        <RotateCw className="size-4" aria-hidden="true" />
        {t.states.retry}
      </Button>
    </State>
  );
}
