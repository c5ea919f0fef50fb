import { useState } from "react";
import { Button } from "../../components/Button";
import { useWords } from "../../lib/i18n";
import { maxText } from "../assistant/model/events";
import { Panel, field } from "../library/Panel";
import { Refused, useSameId } from "./Desk";
import { useMove, type Detail } from "./queries";
import { useText } from "./words";

/** What BDs tell each other, and all that was done to the ticket. */
export function Notes({ ticket, zone }: { ticket: Detail; zone: string }) {
  const w = useText();
  const { f } = useWords();
  const [text, setText] = useState("");
  const move = useMove(ticket.id);
  const sent = useSameId();
  const said = text.trim();
  const notes = ticket.events.filter((e) => e.action === "note");
  return (
    <Panel title={w.notes} text={w.notesText}>
      {notes.length === 0 ? (
        <p className="text-sm text-ink-2">{w.noNotes}</p>
      ) : (
        <ul className="divide-y divide-line">
          {notes.map((e) => (
            <li key={e.n} className="py-2 first:pt-0">
              <p className="text-xs text-ink-2">
                {e.name ?? e.uid} · {f.instant(e.at, zone)}
              </p>
              <p className="mt-0.5 text-sm whitespace-pre-wrap wrap-anywhere">{e.text}</p>
            </li>
          ))}
        </ul>
      )}
      <form
        className="mt-3 flex flex-wrap items-end gap-2"
        onSubmit={(e) => {
          e.preventDefault();
          if (said && !move.isPending)
            move.mutate(
              { action: "note", text: said, clientId: sent.id(said) },
              {
                onSuccess: () => {
                  sent.done();
                  setText("");
                },
              },
            );
        }}
      >
        <textarea value={text} rows={2} maxLength={maxText} aria-label={w.note} placeholder={w.note} onChange={(e) => setText(e.target.value)} className={`${field} flex-1 basis-48 py-2`} />
        <Button type="submit" disabled={!said || move.isPending}>
          {w.addNote}
        </Button>
      </form>
      {move.isError && <Refused error={move.error} />}
      <details className="mt-4 border-t border-line pt-3">
        <summary className="min-h-6 text-sm font-medium">{w.history}</summary>
        <ol className="mt-2 space-y-1.5 text-sm">
          {ticket.events.map((e) => (
            <li key={e.n} className="wrap-anywhere">
              <span className="text-xs text-ink-2 tabular-nums">{f.instant(e.at, zone)}</span> {e.name ?? `${e.role} ${e.uid}`}: {w.moved[e.action] ?? e.action}
              {e.toBd === undefined ? "" : ` → ${e.toBd || w.shared}`}
            </li>
          ))}
        </ol>
      </details>
    </Panel>
  );
}
