import { ChevronDown } from "lucide-react";
import { lazy, useState } from "react";
import { Deferred } from "../components/Deferred";
import type { Session } from "../lib/contract";
import { useWords } from "../lib/i18n";

const AccountMenu = lazy(() => import("./AccountMenu"));

/** Who is signed in, and what they may set for themselves. */
export function UserMenu({ session }: { session: Session }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const name = session.name || t.app.uid(session.uid);
  const initials = name.split(/\s+/).slice(0, 2).map((w) => w[0]?.toUpperCase()).join("");
  const trigger = (openIt?: () => void) => (
    <button type="button" onClick={openIt} aria-haspopup="menu" aria-label={`${t.app.account}: ${name}`} className="flex min-w-0 items-center gap-2 rounded-md p-1 pe-2 text-sm hover:bg-sunken">
      <span aria-hidden="true" className="grid size-8 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent">
        {initials}
      </span>
      <span className="hidden max-w-40 truncate font-medium sm:block">{name}</span>
      <ChevronDown className="size-4 shrink-0 text-ink-2" aria-hidden="true" />
    </button>
  );
  return (
    <Deferred
      wanted={open}
      onWant={() => setOpen(true)}
      trigger={trigger}
      overlay={(trigger) => <AccountMenu session={session} name={name} trigger={trigger} open={open} onOpenChange={setOpen} />}
    />
  );
}
