import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useToast } from "../../components/Announce";
import { Button } from "../../components/Button";
import { Checkbox, TextField } from "../../components/Field";
import { Modal, ModalButtons } from "../../components/Modal";
import { api, ApiError } from "../../lib/api";
import { useReason } from "../../lib/copy";
import { fromMicro, micro } from "../../lib/decimal";
import { dropDraft, useDraft } from "../../lib/draft";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { codesWords } from "../../lib/i18n/pages/codes";
import { commonWords } from "../../lib/i18n/pages/common";
import { fraction, percent, ratesQuery, type CodeRow } from "./data";

/** A new code, or a change of one. */
export function CodeDialog({ open, code, onClose }: { open: boolean; code?: CodeRow; onClose: () => void }) {
  const w = usePageWords(codesWords);
  return (
    <Modal open={open} onClose={onClose} title={code ? w.editTitle(code.key) : w.newCode} text={code ? w.fromNow : w.shareText}>
      <Form key={code?.key} code={code} onDone={onClose} />
    </Modal>
  );
}

const newKey = (): string => crypto.randomUUID();

type Wrong = Partial<Record<"code" | "spotRebateRate" | "futuresRebateRate" | "note" | "form", string>>;

function Form({ code, onDone }: { code?: CodeRow; onDone: () => void }) {
  const { f } = useWords();
  const c = usePageWords(commonWords);
  const w = usePageWords(codesWords);
  const queries = useQueryClient();
  const toast = useToast();
  const reason = useReason();
  const form = useRef<HTMLFormElement>(null);
  const { data: rates } = useQuery(ratesQuery);
  const draftName = `code.${code?.key ?? "new"}`;
  // The key stays with the draft: sent again after a lost answer, it makes one code.
  const [draft, setDraft] = useDraft(draftName, {
    key: newKey(),
    code: "",
    spot: code ? percent(code.spotRebateRate) : "0",
    futures: code ? percent(code.futuresRebateRate) : "0",
    note: code?.note ?? "",
    default: code?.default ?? false,
  });
  const [wrong, setWrong] = useState<Wrong>({});
  const done = () => {
    onDone();
    setTimeout(() => dropDraft(draftName));
  };
  const focusWrong = () => setTimeout(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true], [role=alert]")?.focus());

  const save = useMutation({
    mutationFn: (body: object): Promise<{ code: string }> => (code ? api.patch<{ code: string }>(`/v1/codes/${encodeURIComponent(code.key)}`, body) : api.post<{ code: string }>("/v1/codes", body, draft.key)),
    onSuccess: (made) => {
      toast({ text: code ? w.savedCode(code.key) : w.madeCode(made.code) });
      void queries.invalidateQueries({ queryKey: ["codes"] });
      done();
    },
    onError: (e) => {
      const field = e instanceof ApiError ? e.field?.replace(/^body\./, "") : undefined;
      setWrong({ [field && ["code", "spotRebateRate", "futuresRebateRate", "note"].includes(field) ? field : "form"]: w.notDone(reason(e)) });
      // What was refused is another request when it has been mended.
      setDraft((d) => ({ ...d, key: newKey() }));
      focusWrong();
    },
  });

  const submit = () => {
    const found: Wrong = {};
    const spot = fraction(draft.spot);
    const futures = fraction(draft.futures);
    const over = (v: string | undefined, max?: string) => v === undefined || (max !== undefined && micro(v) > micro(max));
    const name = draft.code.trim();
    if (!code && name && !/^[A-Za-z0-9_-]{3,32}$/.test(name)) found.code = w.wrongName;
    if (over(spot, rates?.spotRate)) found.spotRebateRate = w.wrongRate(f.rate(rates?.spotRate ?? "1"));
    if (over(futures, rates?.futuresRate)) found.futuresRebateRate = w.wrongRate(f.rate(rates?.futuresRate ?? "1"));
    if (Array.from(draft.note.trim()).length > 200) found.note = w.longNote;
    setWrong(found);
    if (Object.keys(found).length > 0) return focusWrong();
    const terms = { spotRebateRate: spot, futuresRebateRate: futures, note: draft.note.trim() };
    if (!save.isPending) save.mutate(code ? { ...terms, ...(draft.default === code.default ? {} : { default: draft.default }) } : { ...terms, ...(name ? { code: name } : {}), ...(draft.default ? { default: true } : {}) });
  };

  const rebate = fraction(draft.spot);
  const theirs = rebate === undefined ? undefined : micro(rebate) * 10n;
  const all = rates ? micro(rates.spotRate) * 10n : undefined;
  return (
    <form
      ref={form}
      noValidate
      className="mt-4 space-y-4"
      onSubmit={(e) => {
        e.preventDefault();
        submit();
      }}
    >
      {wrong.form && (
        <p role="alert" tabIndex={-1} className="rounded-md bg-danger-soft px-3 py-2 text-sm text-down">
          {wrong.form}
        </p>
      )}
      {!code && <TextField label={w.name} value={draft.code} onChange={(e) => setDraft((d) => ({ ...d, code: e.target.value }))} hint={w.nameHint} error={wrong.code} maxLength={32} spellCheck={false} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label={w.spotRebate} unit="%" inputMode="decimal" value={draft.spot} onChange={(e) => setDraft((d) => ({ ...d, spot: e.target.value }))} hint={rates && w.rebateHint(f.rate(rates.spotRate))} error={wrong.spotRebateRate} />
        <TextField label={w.futuresRebate} unit="%" inputMode="decimal" value={draft.futures} onChange={(e) => setDraft((d) => ({ ...d, futures: e.target.value }))} hint={rates && w.rebateHint(f.rate(rates.futuresRate))} error={wrong.futuresRebateRate} />
      </div>
      {theirs !== undefined && all !== undefined && theirs <= all && (
        <p className="rounded-md bg-sunken px-3 py-2 text-xs text-ink-2 tabular-nums">{w.example("10", f.money(fromMicro(theirs)), f.money(fromMicro(all - theirs)))}</p>
      )}
      <TextField label={w.note} value={draft.note} onChange={(e) => setDraft((d) => ({ ...d, note: e.target.value }))} hint={w.noteHint} error={wrong.note} />
      {!code?.default && <Checkbox label={w.makesDefault} hint={w.makesDefaultHint} checked={draft.default} onChange={(e) => setDraft((d) => ({ ...d, default: e.target.checked }))} />}
      <ModalButtons>
        <Button onClick={done}>{c.cancel}</Button>
        <Button type="submit" variant="primary" aria-disabled={save.isPending}>
          {save.isPending ? w.creating : code ? c.save : w.create}
        </Button>
      </ModalButtons>
    </form>
  );
}
