import { Link } from "@tanstack/react-router";
import type { Session } from "../lib/contract";
import { useWords } from "../lib/i18n";
import { Logo } from "./Logo";
import { screens } from "./nav";

/** The pages, at the left on a desktop; a rail of icons where the assistant needs the room. */
export function Sidebar({ session, narrow }: { session: Session; narrow: boolean }) {
  const { t } = useWords();
  // Narrow counts below 1280 only: above, there is room for both.
  const label = narrow ? "max-xl:sr-only" : "";
  return (
    <div className={`sticky top-0 hidden h-dvh shrink-0 flex-col border-e border-line bg-paper lg:flex ${narrow ? "w-52 max-xl:w-16" : "w-52"}`}>
      <div className={`flex h-14 items-center ps-4 ${narrow ? "max-xl:justify-center max-xl:ps-0 max-xl:[&_span]:text-[0]" : ""}`}>
        <Logo />
      </div>
      <nav aria-label={t.app.navigation} className="px-3 pt-3">
        <ScreenLinks session={session} labelClass={label} linkClass={narrow ? "max-xl:justify-center max-xl:px-0" : ""} />
      </nav>
    </div>
  );
}

export function ScreenLinks({ session, labelClass = "", linkClass = "", onGo }: { session: Session; labelClass?: string; linkClass?: string; onGo?: () => void }) {
  const { t } = useWords();
  return (
    <ul className="space-y-1">
      {screens
        .filter((s) => s.roles.includes(session.role))
        .map(({ to, label, icon: Icon }) => (
          <li key={to}>
            <Link
              to={to}
              onClick={onGo}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              className={`flex min-h-10 items-center gap-3 rounded-md px-3 text-sm font-medium text-ink-2 hover:bg-sunken hover:text-ink aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent ${linkClass}`}
            >
              <Icon className="size-[18px] shrink-0" aria-hidden="true" />
              <span className={labelClass}>{label(t)}</span>
            </Link>
          </li>
        ))}
    </ul>
  );
}
