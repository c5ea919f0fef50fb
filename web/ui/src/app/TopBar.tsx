import { Menu, TriangleAlert } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { IconButton } from "../components/Button";
import { Deferred } from "../components/Deferred";
import type { Session } from "../lib/contract";
import { useWords } from "../lib/i18n";
import { Logo } from "./Logo";
import { UserMenu } from "./UserMenu";

const Drawer = lazy(() => import("./Drawer"));
const Bell = lazy(() => import("../features/notices/Bell").then((m) => ({ default: m.Bell })));

export function TopBar({ session }: { session: Session }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <header className="sticky top-0 z-20 flex h-14 items-center gap-2 border-b border-line bg-paper/95 px-3 backdrop-blur-sm sm:px-6">
      <div className="flex items-center gap-1 lg:hidden">
        <Deferred
          wanted={open}
          onWant={() => setOpen(true)}
          trigger={(openIt) => (
            <IconButton label={t.app.menu} onClick={openIt}>
              <Menu aria-hidden="true" />
            </IconButton>
          )}
          overlay={(trigger) => <Drawer session={session} trigger={trigger} open={open} onOpenChange={setOpen} />}
        />
        <Logo />
      </div>
      <div className="ms-auto flex min-w-0 items-center gap-2">
        {session.dev && (
          <span title={t.app.devBadge} className="flex items-center gap-1.5 rounded-full bg-warn px-2.5 py-1 text-xs font-medium whitespace-nowrap text-warn-ink">
            <TriangleAlert className="size-3.5 shrink-0" aria-hidden="true" />
            <span className="max-sm:sr-only">{t.signIn.loud}</span>
          </span>
        )}
        <Suspense fallback={<span className="size-9" />}>
          <Bell session={session} />
        </Suspense>
        <UserMenu session={session} />
      </div>
    </header>
  );
}
