import { Bell as BellIcon } from "lucide-react";
import { lazy, useState } from "react";
import { IconButton } from "../../components/Button";
import { Deferred } from "../../components/Deferred";
import type { Session } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { useLiveInbox, useUnread } from "./live";

const Panel = lazy(() => import("./Panel"));

/** The inbox in the top bar: how much is unread, and the notices themselves when it is opened. */
export function Bell({ session }: { session: Session }) {
  const { t, f } = useWords();
  const [open, setOpen] = useState(false);
  useLiveInbox();
  const unread = useUnread();
  const count = unread > 99 ? "99+" : f.count(unread);
  const trigger = (openIt?: () => void) => (
    <IconButton label={unread > 0 ? t.notices.unread(unread > 99 ? "99+" : unread) : t.notices.title} aria-haspopup="dialog" onClick={openIt} className="relative">
      <BellIcon aria-hidden="true" />
      {unread > 0 && (
        <span aria-hidden="true" className="absolute end-0.5 top-0.5 min-w-4 rounded-full bg-accent px-1 text-center text-[0.625rem] leading-4 font-semibold text-accent-ink tabular-nums">
          {count}
        </span>
      )}
    </IconButton>
  );
  return (
    <Deferred
      wanted={open}
      onWant={() => setOpen(true)}
      trigger={trigger}
      overlay={(trigger) => <Panel session={session} trigger={trigger} open={open} onOpenChange={setOpen} />}
    />
  );
}
