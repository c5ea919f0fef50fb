import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { ChevronRight, TriangleAlert } from "lucide-react";
import { Logo } from "../../app/Logo";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { api, ApiError } from "../../lib/api";
import type { Person, Role } from "../../lib/contract";
import { useTitle } from "../../lib/hooks";
import { useWords } from "../../lib/i18n";
import { peopleQuery, sessionQuery } from "../../lib/queries";

const roles: readonly Role[] = ["partner", "bd", "content", "operator"];

/** Signs in as one of the seeded people, in development mode; otherwise says where to come from. */
export function SignIn() {
  const { t } = useWords();
  useTitle(t.signIn.title);
  const people = useQuery(peopleQuery);
  const closed = people.error instanceof ApiError && [401, 403, 404].includes(people.error.status);

  return (
    <div className="min-h-dvh">
      {!closed && !people.isPending && !people.isError && (
        <div role="note" className="bg-warn text-warn-ink">
          <p className="mx-auto flex max-w-2xl items-start gap-3 px-5 py-3 text-sm">
            <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
            <span>
              <strong className="font-semibold">{t.signIn.loud}.</strong> {t.signIn.loudText}
            </span>
          </p>
        </div>
      )}
      <main className="mx-auto max-w-2xl px-5 pt-12 pb-16 sm:pt-20">
        <Logo />
        {closed ? (
          <>
            <h1 className="mt-8 text-2xl font-semibold tracking-tight">{t.signIn.closed}</h1>
            <p className="mt-2 text-ink-2">{t.signIn.closedText}</p>
          </>
        ) : (
          <>
            <h1 className="mt-8 text-2xl font-semibold tracking-tight">{t.signIn.title}</h1>
            <p className="mt-1 mb-6 text-ink-2">{t.signIn.choose}</p>
            {people.isPending && <Waiting />}
            {people.isError && (
              <div className="card">
                <Failed error={people.error} onRetry={() => void people.refetch()} />
              </div>
            )}
            {people.data && <People people={people.data} />}
          </>
        )}
      </main>
    </div>
  );
}

function Waiting() {
  const { t } = useWords();
  return (
    <div role="status" aria-label={t.states.loading} className="space-y-2">
      {[0, 1, 2, 3].map((i) => (
        <Skeleton key={i} className="h-[4.25rem] w-full" />
      ))}
    </div>
  );
}

function People({ people }: { people: Person[] }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const router = useRouter();
  const signIn = useMutation({
    mutationFn: async ({ uid, role }: Person) => {
      await api.post("/v1/dev/session", { uid, role });
      // Nothing of whoever was here before is shown to the next.
      queries.clear();
      await queries.query({ ...sessionQuery, staleTime: 0 });
      await router.invalidate();
    },
  });

  if (people.length === 0) {
    return (
      <div className="card">
        <NothingYet title={t.signIn.nobody} text={t.signIn.nobodyText} />
      </div>
    );
  }
  return (
    <>
      {signIn.isError && (
        <p role="alert" className="mb-4 rounded-md bg-danger-soft px-4 py-2.5 text-sm text-down">
          {t.signIn.failed}
          {signIn.error instanceof ApiError && signIn.error.status > 0 ? `: ${signIn.error.message}` : `. ${t.states.unreachable}`}
        </p>
      )}
      <div className="space-y-6">
        {roles
          .map((role) => ({ role, of: people.filter((p) => p.role === role) }))
          .filter(({ of }) => of.length > 0)
          .map(({ role, of }) => (
            <section key={role} aria-label={t.app.roles[role]}>
              <h2 className="mb-2 text-sm font-medium text-ink-2">{t.app.roles[role]}</h2>
              <ul className="card divide-y divide-line overflow-hidden">
                {of.map((p) => (
                  <li key={`${p.role}-${p.uid}`}>
                    <button
                      type="button"
                      disabled={signIn.isPending}
                      onClick={() => signIn.mutate(p)}
                      aria-label={t.signIn.signInAs(p.name)}
                      className="flex w-full items-center gap-3 px-4 py-3 text-start hover:bg-sunken focus-visible:outline-offset-[-2px] disabled:opacity-60"
                    >
                      <span className="min-w-0 flex-1">
                        <span className="flex flex-wrap items-baseline gap-x-2">
                          <span className="font-medium">{p.name}</span>
                          <span className="text-xs text-ink-3 tabular-nums">{t.app.uid(p.uid)}</span>
                        </span>
                        {p.note && <span className="block text-sm text-ink-2">{p.note}</span>}
                      </span>
                      <ChevronRight className="size-4 shrink-0 text-ink-3" aria-hidden="true" />
                    </button>
                  </li>
                ))}
              </ul>
            </section>
          ))}
      </div>
    </>
  );
}
