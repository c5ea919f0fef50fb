import { Check, CircleAlert, Clock, X } from "lucide-react";
import { useWords } from "../../../lib/i18n";
import type { Outcome } from "../model/events";
import type { CardProps } from "./CardView";

/** What became of a proposal, in one line. */
export function OutcomeCard({ data }: CardProps<Outcome>) {
  const words = useWords().t.cards.proposal;
  const failed = data.error !== undefined;
  const good = !failed && data.state === "approved";
  const Icon = failed ? CircleAlert : good ? Check : data.state === "expired" ? Clock : X;
  const what = words.what[data.kind]?.(data.subject ?? "") ?? data.subject ?? "";
  return (
    <p className="flex items-start gap-2.5 text-sm">
      <Icon className={`mt-0.5 size-4 shrink-0 ${failed ? "text-down" : good ? "text-accent" : "text-ink-2"}`} aria-hidden="true" />
      <span className="min-w-0 wrap-anywhere">
        <span className="font-medium">{failed ? words.notDone : words.states[data.state as "approved"]}</span>
        {what && <span className="text-ink-2">{` · ${what}`}</span>}
        {data.error && <span className="mt-0.5 block text-ink-2">{data.error.message}</span>}
      </span>
    </p>
  );
}
