import { useQuery } from "@tanstack/react-query";
import { Sparkles } from "lucide-react";
import { Skeleton } from "../../components/Skeleton";
import { Failed } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { welcomeQuery } from "../../lib/queries";
import { Markdown } from "./Markdown";
import { Suggestions } from "./TurnView";

/** What a new chat begins with: a word of welcome and questions to click. */
export function Welcome({ onAsk }: { onAsk: (text: string) => void }) {
  const { t } = useWords();
  const { data, error, isPending, refetch } = useQuery(welcomeQuery);
  if (isPending) {
    return (
      <div role="status" aria-label={t.states.loading} className="mt-auto space-y-3">
        <Skeleton className="size-10 rounded-full" />
        <Skeleton className="h-6 w-full" />
        <Skeleton className="h-6 w-2/3" />
        {[0, 1, 2, 3].map((i) => (
          <Skeleton key={i} className="h-9 w-4/5" />
        ))}
      </div>
    );
  }
  if (error) return <Failed error={error} onRetry={() => void refetch()} />;
  return (
    <div className="mt-auto space-y-4">
      <span className="grid size-10 place-items-center rounded-full bg-accent-soft text-accent">
        <Sparkles className="size-5" aria-hidden="true" />
      </span>
      <div className="text-lg">
        <Markdown text={data.message} />
      </div>
      <Suggestions items={data.questions} onAsk={onAsk} />
    </div>
  );
}
