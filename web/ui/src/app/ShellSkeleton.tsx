import { Skeleton } from "../components/Skeleton";
import { useWords } from "../lib/i18n";

/** The frame while it is not known yet who is signed in. */
export function ShellSkeleton() {
  const { t } = useWords();
  return (
    <div className="flex min-h-dvh" role="status" aria-label={t.states.loading}>
      <div className="hidden w-56 border-e border-line p-4 lg:block">
        <Skeleton className="h-7 w-32" />
        <Skeleton className="mt-8 h-9 w-full" />
      </div>
      <div className="flex-1">
        <div className="h-14 border-b border-line" />
        <div className="p-6">
          <Skeleton className="h-8 w-40" />
        </div>
      </div>
    </div>
  );
}
