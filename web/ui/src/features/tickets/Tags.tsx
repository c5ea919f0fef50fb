import { Tag } from "../assistant/cards/Section";
import { SlaClock } from "./Clock";
import { isOver, type Ticket } from "./queries";
import { useText } from "./words";

/** A ticket's state, priority and clock. */
export function Tags({ ticket }: { ticket: Ticket }) {
  const w = useText();
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      <Tag tone={ticket.priority === 1 ? "danger" : ticket.priority === 2 ? "warn" : "plain"}>{w.priorities[ticket.priority] ?? ticket.priority}</Tag>
      <Tag tone={isOver(ticket) ? "plain" : "accent"}>{w.states[ticket.state]}</Tag>
      {ticket.state !== "cancelled" && <SlaClock ticket={ticket} />}
    </div>
  );
}
