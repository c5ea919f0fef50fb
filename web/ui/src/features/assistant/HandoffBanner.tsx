import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { CircleCheck, Headset, Hourglass, X } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, IconButton } from "../../components/Button";
import { api } from "../../lib/api";
import { useWords } from "../../lib/i18n";
import type { Schema } from "../../lib/rest";
import { useHandoffText } from "./handoffWords";
import type { Handoff } from "./model/events";

const key = ["handoff"];

/**
 * How the conversation's ticket stands. The log tells each change at once; what it does not tell, whether it is late and
 * where live support is, the server does.
 */
export function HandoffBanner({ status }: { status: Handoff }) {
  const w = useHandoffText();
  const { f } = useWords();
  const { session } = useRouteContext({ from: "/signed-in" });
  const queries = useQueryClient();
  const [hidden, setHidden] = useState<string>();
  const queued = status.state === "open" || status.state === "reopened";
  const over = status.state === "resolved" || status.state === "cancelled";
  const mine = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api.get<Schema["PageMyTicket"]>("/v1/handoff", {}, signal),
    enabled: !over,
    refetchInterval: queued ? 30_000 : false,
  });
  useEffect(() => void queries.invalidateQueries({ queryKey: key }), [queries, status.state]);
  const cancel = useMutation({
    mutationFn: () => api.post<Schema["MyTicket"]>(`/v1/handoff/${encodeURIComponent(status.ticketId)}/cancel`, {}),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
  const ticket = mine.data?.items.find((t) => t.ticketId === status.ticketId);
  const name = status.bd ?? w.somebody;
  const current = `${status.ticketId} ${status.state}`;
  if (hidden === current) return null;
  const Icon = over ? CircleCheck : queued ? Hourglass : Headset;
  const text = {
    open: queuedText(),
    reopened: queuedText(),
    claimed: w.claimed(name),
    waiting: w.waiting(name),
    resolved: w.resolved,
    cancelled: w.cancelled,
  }[status.state];
  function queuedText() {
    if (ticket?.sla === "late") return w.late;
    return status.dueAt ? `${w.queued} ${w.by(f.instant(status.dueAt, session.zone))}.` : `${w.queued}.`;
  }
  return (
    <section aria-label={w.label} className={`flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-sm ${over ? "bg-sunken text-ink" : "bg-accent-soft text-ink"}`}>
      <Icon className="size-4 shrink-0 text-accent" aria-hidden="true" />
      <p role="status" className="min-w-0 flex-1 basis-40 wrap-anywhere">
        {text}
        {cancel.isError && <span className="block text-down">{w.failed}</span>}
      </p>
      {queued && ticket?.supportUrl && (
        <a href={ticket.supportUrl} target="_blank" rel="noopener noreferrer" className="inline-flex min-h-9 items-center rounded-sm font-medium text-accent underline underline-offset-2">
          {w.support}
        </a>
      )}
      {over ? (
        <IconButton size="small" label={w.close} onClick={() => setHidden(current)}>
          <X aria-hidden="true" />
        </IconButton>
      ) : (
        <Button disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          {w.cancel}
        </Button>
      )}
    </section>
  );
}
