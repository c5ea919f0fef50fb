import { useRouteContext } from "@tanstack/react-router";
import { Hammer } from "lucide-react";
import type { Role } from "../../lib/contract";
import { useTitle } from "../../lib/hooks";
import { useWords } from "../../lib/i18n";
import { Overview } from "./Overview";

/** The first page of each role. */
export function Start() {
  const { session } = useRouteContext({ from: "/signed-in" });
  return session.role === "partner" ? <Overview zone={session.zone} /> : <Coming role={session.role} />;
}

function Coming({ role }: { role: Exclude<Role, "partner"> }) {
  const { t } = useWords();
  useTitle(t.home.title[role]);
  return (
    <>
      <h1 className="text-xl font-semibold tracking-tight">{t.home.title[role]}</h1>
      <div className="card mt-5 flex flex-col items-start gap-4 p-6 sm:flex-row">
        <span className="grid size-10 shrink-0 place-items-center rounded-full bg-accent-soft text-accent">
          <Hammer className="size-5" aria-hidden="true" />
        </span>
        <div className="max-w-xl">
          <p>{t.home.text[role]}</p>
          <p className="mt-1 text-sm text-ink-2">{t.home.not}</p>
        </div>
      </div>
    </>
  );
}
