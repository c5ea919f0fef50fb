import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouteContext } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { buttonClass } from "../../components/Button";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { ApiError } from "../../lib/api";
import { useTitle } from "../../lib/hooks";
import { Panel } from "../library/Panel";
import { useRelative } from "./Clock";
import { Desk } from "./Desk";
import { Notes } from "./Notes";
import type { Other } from "../assistant/model/other";
import type { Thread } from "../assistant/model/thread";
import { useHandoffText } from "../assistant/handoffWords";
import { useLive } from "./live";
import { conversationQuery, isHeld, isOver, ticketQuery, type Detail } from "./queries";
import { Snapshot } from "./Snapshot";
import { Tags } from "./Tags";
import { Transcript } from "./Transcript";
import { useText } from "./words";

const route = getRouteApi("/signed-in/tickets/$id");

/** A ticket: its conversation, what can be done with it, and the moment at which it was opened. */
export function TicketPage() {
  const w = useText();
  const { id } = route.useParams();
  const ticket = useQuery(ticketQuery(id));
  const gone = ticket.error instanceof ApiError && ticket.error.status === 404;
  return (
    <>
      <Link to="/tickets" className="inline-flex min-h-9 items-center gap-1.5 rounded-md text-sm font-medium text-ink-2 hover:text-ink">
        <ArrowLeft className="size-4" aria-hidden="true" />
        {w.back}
      </Link>
      {gone ? (
        <div className="card mt-2">
          <NothingYet title={w.gone} text={w.goneText}>
            <Link to="/tickets" className={buttonClass()}>
              {w.back}
            </Link>
          </NothingYet>
        </div>
      ) : ticket.isError && !ticket.data ? (
        <div className="card mt-2">
          <Failed error={ticket.error} onRetry={() => void ticket.refetch()} />
        </div>
      ) : !ticket.data ? (
        <Skeleton className="mt-2 h-96" />
      ) : (
        <Shown key={id} ticket={ticket.data} />
      )}
    </>
  );
}

function Shown({ ticket }: { ticket: Detail }) {
  const w = useText();
  const relative = useRelative();
  const { session } = useRouteContext({ from: "/signed-in" });
  const queries = useQueryClient();
  const conversation = useQuery(conversationQuery(queries, ticket.id, !isOver(ticket)));
  const held = isHeld(ticket) && session.role === "bd" && ticket.bd === session.uid;
  const live = useLive(ticket.id, held, conversation.data?.cursor ?? 0);
  const title = `${w.categories[ticket.category] ?? ticket.category} · ${w.partner(String(ticket.uid))}`;
  useTitle(title);
  return (
    <>
      <div className="mt-1 flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div className="min-w-0">
          <h1 className="text-xl font-semibold tracking-tight wrap-anywhere">{title}</h1>
          <p className="mt-0.5 text-sm text-ink-2">
            {w.opened(relative(ticket.openedAt))} · {ticket.bd ? w.heldBy(ticket.bdName ?? String(ticket.bd)) : w.shared}
          </p>
        </div>
        <Tags ticket={ticket} />
      </div>
      <p className="mt-2 max-w-3xl text-sm wrap-anywhere whitespace-pre-wrap">{ticket.summary}</p>
      <div className="mt-5 grid items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="min-w-0 space-y-5">
          <Panel title={w.conversation}>
            {conversation.isError && !conversation.data ? (
              <Failed error={conversation.error} onRetry={() => void conversation.refetch()} />
            ) : !conversation.data ? (
              <Skeleton className="h-64" />
            ) : (
              <Transcript thread={conversation.data} partner={w.partner(String(ticket.uid))} />
            )}
            {held && conversation.data && <Receipt thread={conversation.data} partner={live.partner} seen={ticket.partnerSeen} name={w.partner(String(ticket.uid))} />}
            <Desk ticket={ticket} session={session} onType={live.typing} />
          </Panel>
          <Notes ticket={ticket} zone={session.zone} />
        </div>
        <Snapshot snapshot={ticket.snapshot} zone={session.zone} />
      </div>
    </>
  );
}

/** How far the last reply has got with the partner, and whether they write. */
function Receipt({ thread, partner, seen, name }: { thread: Thread; partner: Other; seen: number; name: string }) {
  const w = useHandoffText();
  const sent = thread.events.findLast((e) => e.type === "TEXT_MESSAGE_START" && e.name)?.seq;
  const got = sent === undefined ? "" : Math.max(seen, partner.seen) >= sent ? w.seen : partner.delivered >= sent ? w.delivered : "";
  return (
    <div className="mt-1 text-xs text-ink-2">
      {got && <p className="text-end">{got}</p>}
      <p role="status">{partner.typing ? w.typing(name) : ""}</p>
    </div>
  );
}
