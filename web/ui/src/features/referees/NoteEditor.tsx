import { Pencil } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "../../components/Button";
import { TextArea } from "../../components/Field";
import { Modal, ModalButtons } from "../../components/Modal";
import { dropDraft, useDraft } from "../../lib/draft";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { refereesWords } from "../../lib/i18n/pages/referees";
import { maxNote, useNote } from "./data";

/** A note with the way to change it. */
export function Note({ uid, note }: { uid: string; note?: string }) {
  const w = usePageWords(refereesWords);
  const [open, setOpen] = useState(false);
  return (
    <span className="flex max-w-72 min-w-0 items-center gap-1">
      {note && <span className="line-clamp-2 min-w-0 text-sm wrap-anywhere" title={note}>{note}</span>}
      <IconButton label={note ? w.editNote(uid) : `${w.addNote}: ${uid}`} size="small" className="-my-1" onClick={() => setOpen(true)}>
        <Pencil aria-hidden="true" />
      </IconButton>
      <Modal open={open} onClose={() => setOpen(false)} title={w.noteOf(uid)}>
        <NoteForm uid={uid} note={note ?? ""} onDone={() => setOpen(false)} />
      </Modal>
    </span>
  );
}

function NoteForm({ uid, note, onDone }: { uid: string; note: string; onDone: () => void }) {
  const { f } = useWords();
  const c = usePageWords(commonWords);
  const w = usePageWords(refereesWords);
  const save = useNote();
  const name = `note.${uid}`;
  const [{ text }, setDraft] = useDraft(name, { text: note });
  const left = maxNote - Array.from(text.trim()).length;
  // The draft is forgotten once the form is gone, or its last state would be kept again.
  const done = () => {
    onDone();
    setTimeout(() => dropDraft(name));
  };
  return (
    <form
      className="mt-3"
      onSubmit={(e) => {
        e.preventDefault();
        if (left < 0) return;
        save.mutate({ uid, note: text.trim() });
        done();
      }}
    >
      <TextArea label={w.fields.note ?? w.noteOf(uid)} value={text} onChange={(e) => setDraft({ text: e.target.value })} hint={w.noteHint(f.count(left))} error={left < 0 ? w.noteHint(f.count(left)) : undefined} rows={4} />
      <ModalButtons>
        <Button onClick={done}>{c.cancel}</Button>
        <Button type="submit" variant="primary" aria-disabled={left < 0}>
          {c.save}
        </Button>
      </ModalButtons>
    </form>
  );
}
