import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button } from "../../components/Button";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { useTitle } from "../../lib/hooks";
import { useRelative } from "./Clock";
import { queueQuery, type Show, type Ticket } from "./queries";
import { Tags } from "./Tags";
import { useText } from "./words";

const route = getRouteApi("/signed-in/tickets");

/** The tickets that a BD may see, the most urgent first. */
export function Queue() {
  const w = useText();
  useTitle(w.title);
  const { show } = route.useSearch();
  const queue = useInfiniteQuery(queueQuery(show));
  const items = queue.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <>
      <h1 className="text-xl font-semibold tracking-tight">{w.title}</h1>
      <p className="mt-1 max-w-2xl text-sm text-ink-2">{w.text}</p>
      <nav aria-label={w.show} className="mt-5 flex flex-wrap gap-1">
        {([undefined, "mine", "over"] as Show[]).map((s) => (
          <Link
            key={s ?? "all"}
            to="/tickets"
            search={(now) => ({ ...now, show: s })}
            replace
            aria-current={s === show ? "true" : undefined}
            activeOptions={{ exact: true, includeSearch: true }}
            className={`flex min-h-9 items-center rounded-md px-3.5 text-sm font-medium ${s === show ? "bg-accent-soft text-accent" : "text-ink-2 hover:bg-sunken hover:text-ink"}`}
          >
            {w.shows[s ?? "all"]}
          </Link>
        ))}
      </nav>
      <div className="card mt-3">
        {queue.isError && !queue.data ? (
          <Failed error={queue.error} onRetry={() => void queue.refetch()} />
        ) : !queue.data ? (
          <div className="p-5">
            <Skeleton className="h-48" />
          </div>
        ) : items.length === 0 ? (
          <NothingYet title={show === "over" ? w.emptyOver : show === "mine" ? w.emptyMine : w.empty} text={w.emptyText} />
        ) : (
          <ul className="divide-y divide-line">
            {items.map((ticket) => (
              <Row key={ticket.id} ticket={ticket} />
            ))}
          </ul>
        )}
      </div>
      {queue.hasNextPage && (
        <div className="mt-4 flex justify-center">
          <Button disabled={queue.isFetchingNextPage} onClick={() => void queue.fetchNextPage()}>
            {w.more}
          </Button>
        </div>
      )}
    </>
  );
}

function Row({ ticket }: { ticket: Ticket }) {
  const w = useText();
  const relative = useRelative();
  return (
    <li>
      <Link to="/tickets/$id" params={{ id: ticket.id }} className="flex flex-col gap-2 px-5 py-4 outline-offset-[-2px] hover:bg-sunken sm:flex-row sm:items-start sm:justify-between sm:gap-6">
        <span className="block min-w-0 flex-1">
          <span className="block font-medium wrap-anywhere">{w.categories[ticket.category] ?? ticket.category}</span>
          <span className="mt-0.5 line-clamp-2 text-sm text-ink-2 wrap-anywhere">{ticket.summary}</span>
          <span className="mt-1 block text-xs text-ink-2 tabular-nums">
            {w.partner(String(ticket.uid))} · {w.opened(relative(ticket.openedAt))} · {ticket.bd ? w.heldBy(ticket.bdName ?? String(ticket.bd)) : w.shared}
          </span>
        </span>
        <Tags ticket={ticket} />
      </Link>
    </li>
  );
}
