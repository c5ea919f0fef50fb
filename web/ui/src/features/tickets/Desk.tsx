import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useRef, useState } from "react";
import { useAnnounce } from "../../components/Announce";
import { Button } from "../../components/Button";
import { ApiError } from "../../lib/api";
import type { Session } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { maxText } from "../assistant/model/events";
import { field } from "../library/Panel";
import { deskQuery, isHeld, isOver, useMove, type Move, type Ticket } from "./queries";
import { useText } from "./words";

/** What the one who is signed in can do with a ticket as it stands. */
export function Desk({ ticket, session, onType }: { ticket: Ticket; session: Session; onType: () => void }) {
  const w = useText();
  const held = isHeld(ticket);
  const foreign = held && session.role === "bd" && ticket.bd !== session.uid;
  const move = useMove(ticket.id);
  if (ticket.state === "cancelled") return null;
  return (
    <div className="mt-4 space-y-4">
      {foreign ? (
        <p className="text-sm text-ink-2">{w.otherHolds(ticket.bdName ?? String(ticket.bd))}</p>
      ) : held ? (
        <Reply ticket={ticket} onType={onType} />
      ) : (
        <div className="flex flex-wrap items-center gap-3">
          {isOver(ticket) ? (
            <Button disabled={move.isPending} onClick={() => move.mutate({ action: "reopen" })}>
              {w.reopen}
            </Button>
          ) : (
            <>
              <Button variant="primary" disabled={move.isPending} onClick={() => move.mutate({ action: "claim" })}>
                {w.claim}
              </Button>
              <p className="min-w-0 flex-1 basis-48 text-sm text-ink-2">{w.claimFirst}</p>
            </>
          )}
        </div>
      )}
      {move.isError && <Refused error={move.error} />}
      {!isOver(ticket) && !foreign && <PassOn ticket={ticket} session={session} />}
    </div>
  );
}

function Reply({ ticket, onType }: { ticket: Ticket; onType: () => void }) {
  const w = useText();
  const [text, setText] = useState("");
  const move = useMove(ticket.id);
  const sent = useSameId();
  const said = text.trim();
  const go = (action: Move["action"]) =>
    move.mutate(
      { action, ...(said && action !== "waiting" ? { text: said } : {}), clientId: sent.id(`${action} ${said}`) },
      {
        onSuccess: () => {
          sent.done();
          if (action !== "waiting") setText("");
        },
      },
    );
  return (
    <form
      className="space-y-2"
      onSubmit={(e) => {
        e.preventDefault();
        if (said && !move.isPending) go("reply");
      }}
    >
      <textarea
        value={text}
        rows={3}
        maxLength={maxText}
        aria-label={w.reply}
        placeholder={w.reply}
        onChange={(e) => {
          setText(e.target.value);
          onType();
        }}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) e.currentTarget.form?.requestSubmit();
        }}
        className={`${field} py-2 text-base`}
      />
      {move.isError && <Refused error={move.error} />}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="primary" disabled={!said || move.isPending}>
          {w.send}
        </Button>
        {ticket.state === "claimed" && (
          <Button disabled={move.isPending} onClick={() => go("waiting")}>
            {w.waiting}
          </Button>
        )}
        <Button disabled={move.isPending} onClick={() => go("resolve")}>
          {said ? w.sendResolve : w.resolve}
        </Button>
      </div>
    </form>
  );
}

function PassOn({ ticket, session }: { ticket: Ticket; session: Session }) {
  const w = useText();
  const { f } = useWords();
  const announce = useAnnounce();
  const navigate = useNavigate();
  const [bd, setBd] = useState("");
  const desk = useQuery(deskQuery);
  const move = useMove(ticket.id);
  const id = useId();
  return (
    <form
      className="border-t border-line pt-4"
      onSubmit={(e) => {
        e.preventDefault();
        move.mutate(
          { action: "reassign", bd: Number(bd) },
          {
            onSuccess: (after) => {
              announce(w.passed);
              setBd("");
              if (session.role === "bd" && after.bd !== undefined && after.bd !== session.uid) void navigate({ to: "/tickets" });
            },
          },
        );
      }}
    >
      <label htmlFor={id} className="text-sm font-medium">
        {w.reassignTo}
      </label>
      <p id={`${id}-hint`} className="text-xs text-ink-2">
        {w.reassignHint}
      </p>
      <div className="mt-1.5 flex flex-wrap gap-2">
        <input id={id} value={bd} onChange={(e) => setBd(e.target.value.replace(/\D/g, ""))} inputMode="numeric" maxLength={15} list={`${id}-desk`} aria-describedby={`${id}-hint`} autoComplete="off" className={`${field} max-w-48 flex-1 basis-32`} />
        <datalist id={`${id}-desk`}>
          {desk.data?.members.map((m) => (
            <option key={m.uid} value={m.uid}>
              {m.name ?? f.count(m.uid)}
            </option>
          ))}
        </datalist>
        <Button type="submit" disabled={move.isPending}>
          {w.reassign}
        </Button>
      </div>
      {move.isError && <Refused error={move.error} />}
    </form>
  );
}

/** The same id for the same thing until it has got there, however often it is tried. */
export function useSameId() {
  const last = useRef<{ what: string; id: string }>(undefined);
  return {
    id: (what: string) => {
      if (last.current?.what !== what) last.current = { what, id: crypto.randomUUID() };
      return last.current.id;
    },
    done: () => {
      last.current = undefined;
    },
  };
}

export function Refused({ error }: { error: unknown }) {
  const { t } = useWords();
  return (
    <p role="alert" className="mt-2 rounded-md bg-danger-soft p-3 text-sm text-down wrap-anywhere">
      {error instanceof ApiError && error.status > 0 ? error.message : t.states.unreachable}
    </p>
  );
}
