import { useMutation, useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { useToast } from "../../components/Announce";
import { Button } from "../../components/Button";
import { SelectField, TextField } from "../../components/Field";
import { Modal, ModalButtons } from "../../components/Modal";
import { ApiError } from "../../lib/api";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { termsWords } from "../../lib/i18n/pages/terms";
import { fraction, percent } from "../codes/data";

/** One thing to set: a rate in percent, a level, or one of a few. */
export interface Input {
  name: string;
  label: string;
  kind: "rate" | "level" | "choice";
  /** As the API has it. */
  value: string;
  hint?: string;
  options?: readonly (readonly [string, string])[];
}

/** What a form came to: the values as the API takes them, by name, and from when on. */
export type Changed = Record<string, string>;

interface Props {
  title: string;
  inputs: readonly Input[];
  /** Sends the change; the key makes it happen once. */
  send: (values: Changed, effectiveAt: string | undefined, key: string) => Promise<unknown>;
  stale: QueryKey;
  onClose: () => void;
}

/** A change of terms from a day on, or from now on. */
export function Change({ title, inputs, send, stale, onClose }: Props) {
  const w = usePageWords(termsWords);
  const c = usePageWords(commonWords);
  const queries = useQueryClient();
  const toast = useToast();
  const [draft, setDraft] = useState(() => Object.fromEntries(inputs.map((i) => [i.name, i.kind === "rate" ? percent(i.value) : i.value])));
  const [from, setFrom] = useState("");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [key, setKey] = useState(() => crypto.randomUUID());
  const change = useMutation({
    mutationFn: (values: Changed) => send(values, from || undefined, key),
    onSuccess: async () => {
      await Promise.all([stale, ["actions"], ["/v1/operator/actions"]].map((queryKey) => queries.invalidateQueries({ queryKey })));
      toast({ text: w.saved });
      onClose();
    },
    onError: (e) => {
      // What was refused is another request when it is sent anew; what got no answer may have been done, and is the same.
      if (e instanceof ApiError && e.status >= 400 && e.status < 500) setKey(crypto.randomUUID());
      const field = e instanceof ApiError ? e.field : undefined;
      const shown = field && (field === "effectiveAt" || inputs.some((i) => i.name === field)) ? field : "form";
      setWrong({ [shown]: e.message });
    },
  });
  const submit = (e: SyntheticEvent) => {
    e.preventDefault();
    if (change.isPending) return;
    const values: Changed = {};
    const found: Record<string, string> = {};
    for (const i of inputs) {
      const text = draft[i.name] ?? "";
      const value = i.kind === "rate" ? fraction(text) : i.kind === "level" && !/^\d{1,3}$/.test(text) ? undefined : text;
      if (value === undefined) found[i.name] = i.kind === "rate" ? w.wrongPercent : w.wrongLevel;
      else values[i.name] = value;
    }
    setWrong(found);
    if (Object.keys(found).length === 0) change.mutate(values);
  };
  const set = (name: string) => (e: { target: { value: string } }) => setDraft((d) => ({ ...d, [name]: e.target.value }));
  return (
    <Modal open onClose={onClose} title={title}>
      <form noValidate onSubmit={submit} className="mt-3 grid gap-4 sm:grid-cols-2">
        {inputs.map((i) =>
          i.kind === "choice" ? (
            <SelectField key={i.name} label={i.label} hint={i.hint} value={draft[i.name]} onChange={set(i.name)} options={i.options ?? []} error={wrong[i.name]} />
          ) : (
            <TextField key={i.name} label={i.label} hint={i.hint} unit={i.kind === "rate" ? "%" : undefined} inputMode={i.kind === "rate" ? "decimal" : "numeric"} value={draft[i.name]} onChange={set(i.name)} error={wrong[i.name]} />
          ),
        )}
        <TextField className="sm:col-span-2" type="date" label={w.from} hint={w.fromHint} value={from} onChange={(e) => setFrom(e.target.value)} error={wrong.effectiveAt} />
        {wrong.form && (
          <p role="alert" className="text-sm text-down sm:col-span-2">
            {wrong.form}
          </p>
        )}
        <div className="sm:col-span-2">
          <ModalButtons>
            <Button onClick={onClose}>{c.cancel}</Button>
            <Button type="submit" variant="primary" aria-disabled={change.isPending}>
              {w.save}
            </Button>
          </ModalButtons>
        </div>
      </form>
    </Modal>
  );
}
