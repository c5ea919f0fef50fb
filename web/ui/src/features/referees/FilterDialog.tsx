import { useRef, useState } from "react";
import { Button } from "../../components/Button";
import { SelectField, TextField } from "../../components/Field";
import { Modal, ModalButtons } from "../../components/Modal";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { refereesWords } from "../../lib/i18n/pages/referees";
import { customDays, customPeriod, isPreset, presets } from "../../lib/period";
import type { Filters } from "./filters";

/** Every filter at once; they count when they are applied. */
export function FilterDialog({ open, filters, codes, onClose, onApply }: { open: boolean; filters: Filters; codes: readonly string[]; onClose: () => void; onApply: (f: Filters) => void }) {
  const w = usePageWords(refereesWords);
  return (
    <Modal open={open} onClose={onClose} title={w.filtersTitle} wide>
      <Form filters={filters} codes={codes} onClose={onClose} onApply={onApply} />
    </Modal>
  );
}

function Form({ filters, codes, onClose, onApply }: { filters: Filters; codes: readonly string[]; onClose: () => void; onApply: (f: Filters) => void }) {
  const { t } = useWords();
  const c = usePageWords(commonWords);
  const w = usePageWords(refereesWords);
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState(filters);
  const [wrong, setWrong] = useState<Partial<Record<keyof Filters, string>>>({});
  const days = customDays(draft.registered ?? "");
  const [own, setOwn] = useState({ on: !!days, first: days?.first ?? "", last: days?.last ?? "" });
  const set = (key: keyof Filters) => (e: { target: { value: string } }) => setDraft((d) => ({ ...d, [key]: e.target.value || undefined }));
  const values = (...all: string[]) => [["", w.any], ...all.map((v) => [v, t.values[v] ?? v] as const)] as const;
  const done = [["", w.any], ["true", w.done], ["false", w.notDone]] as const;

  const apply = () => {
    const country = draft.country?.trim();
    const uid = draft.subPartnerUid?.trim();
    const found: typeof wrong = {};
    if (country && !/^([A-Za-z]{2}|unknown)$/.test(country)) found.country = w.wrongCountry;
    if (uid && !/^\d{1,18}$/.test(uid)) found.subPartnerUid = w.wrongUid;
    if (own.on && (!own.first || !own.last)) found.registered = t.period.required;
    else if (own.on && own.first > own.last) found.registered = t.period.order;
    setWrong(found);
    if (Object.keys(found).length > 0) {
      setTimeout(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
      return;
    }
    onApply({ ...draft, country: country === "unknown" ? country : country?.toUpperCase() || undefined, subPartnerUid: uid || undefined, registered: own.on ? customPeriod(own.first, own.last) : draft.registered });
  };

  return (
    <form
      ref={form}
      noValidate
      className="mt-3"
      onSubmit={(e) => {
        e.preventDefault();
        apply();
      }}
    >
      <div className="grid gap-x-4 gap-y-3.5 sm:grid-cols-2">
        <SelectField label={w.fields.activity} value={draft.activity ?? ""} onChange={set("activity")} options={values("active", "dormant", "inactive")} />
        <SelectField label={w.fields.kyc} value={draft.kyc ?? ""} onChange={set("kyc")} options={values("none", "basic", "advanced")} />
        <SelectField label={w.fields.deposited} value={draft.deposited ?? ""} onChange={set("deposited")} options={done} />
        <SelectField label={w.fields.traded} value={draft.traded ?? ""} onChange={set("traded")} options={done} />
        <SelectField label={w.fields.relation} value={draft.relation ?? ""} onChange={set("relation")} options={values("direct", "indirect")} />
        <SelectField label={w.fields.vipMin} value={draft.vipMin ?? ""} onChange={set("vipMin")} options={[["", w.any], ...["1", "2", "3", "4", "5"].map((v) => [v, v] as const)]} />
        <SelectField
          label={w.fields.registered}
          value={own.on ? "custom" : isPreset(draft.registered ?? "") ? (draft.registered ?? "") : ""}
          onChange={(e) => {
            const custom = e.target.value === "custom";
            setOwn((o) => ({ ...o, on: custom }));
            if (!custom) set("registered")(e);
          }}
          options={[["", w.any], ...presets.map((p) => [p.id, t.period.presets[p.id]] as const), ["custom", t.period.custom]]}
        />
        <SelectField label={w.fields.code} value={draft.code ?? ""} onChange={set("code")} options={[["", w.any], ...[...new Set([...codes, ...(draft.code ? [draft.code] : [])])].map((x) => [x, x] as const)]} />
        {own.on && (
          <>
            <TextField type="date" label={t.period.from} value={own.first} onChange={(e) => setOwn((o) => ({ ...o, first: e.target.value }))} error={wrong.registered} />
            <TextField type="date" label={t.period.to} value={own.last} onChange={(e) => setOwn((o) => ({ ...o, last: e.target.value }))} />
          </>
        )}
        <TextField label={w.fields.country} value={draft.country ?? ""} onChange={set("country")} hint={w.countryHint} error={wrong.country} maxLength={7} />
        <TextField label={w.fields.subPartnerUid} value={draft.subPartnerUid ?? ""} onChange={set("subPartnerUid")} hint={w.uidHint} error={wrong.subPartnerUid} inputMode="numeric" />
      </div>
      <ModalButtons>
        <Button variant="quiet" onClick={() => onApply({ q: filters.q })}>{c.clearAll}</Button>
        <Button onClick={onClose}>{c.cancel}</Button>
        <Button type="submit" variant="primary">{w.apply}</Button>
      </ModalButtons>
    </form>
  );
}
