import type { UseQueryResult } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { Button, IconButton } from "../../components/Button";
import { DataTable } from "../../components/DataTable";
import { Choices, SelectField, TextArea, TextField } from "../../components/Field";
import { Skeleton } from "../../components/Skeleton";
import { ApiError } from "../../lib/api";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { tasksWords } from "../../lib/i18n/pages/tasks";
import type { Preview } from "./data";
import { maxTiers, rewards, type Draft, type Wrong } from "./draft";

interface StepProps {
  draft: Draft;
  set: (part: Partial<Draft>) => void;
  wrong: Wrong;
}

export function Who({ draft, set, wrong, who }: StepProps & { who: UseQueryResult<Preview> }) {
  const { t, f } = useWords();
  const w = usePageWords(tasksWords);
  const refused = who.error instanceof ApiError && who.error.status === 422 ? who.error.message : undefined;
  return (
    <div className="space-y-5">
      <Choices
        legend={w.wizard.who}
        value={draft.who}
        onChange={(v) => set({ who: v })}
        error={draft.who === "direct" ? wrong.uids : undefined}
        options={[
          { value: "direct", label: w.wizard.direct, text: w.wizard.directText },
          { value: "uids", label: w.wizard.uids, text: w.wizard.uidsText },
        ]}
      />
      {draft.who === "uids" && <TextArea id="field-uids" label={w.wizard.uidsLabel} hint={w.wizard.uidsHint} value={draft.uids} onChange={(e) => set({ uids: e.target.value })} error={wrong.uids ?? refused} inputMode="numeric" />}
      <div aria-live="polite">
        {who.isFetching && !who.data ? (
          <>
            <p className="text-sm text-ink-2">{w.wizard.checking}</p>
            <Skeleton className="mt-2 h-24 w-full" />
          </>
        ) : who.data ? (
          <>
            <p className="mb-2 text-sm font-medium">{w.wizard.qualify(f.count(who.data.count))}</p>
            {who.data.targets.length > 0 && (
              <DataTable
                caption={w.targets}
                className="max-h-72"
                columns={[{ label: t.referee.uid }, { label: t.referee.relation }, { label: t.referee.country }, { label: `${w.commission}, ${w.glance}`, end: true }, { label: w.volume, end: true }, { label: w.traders, end: true }]}
                rows={who.data.targets.map((p) => ({
                  key: String(p.uid),
                  cells: [
                    p.uid,
                    p.relation ? t.values[p.relation] : "–",
                    !p.country || p.country === "unknown" ? t.values.unknown : f.country(p.country),
                    p.glance ? f.moneyShort(p.glance.commission) : "–",
                    p.glance ? f.brief(p.glance.volume) : "–",
                    p.glance ? f.count(p.glance.traders) : "–",
                  ],
                }))}
              />
            )}
          </>
        ) : null}
      </div>
    </div>
  );
}

const rewardOptions = rewards.map((r) => [r, `${r} USDT`] as const);

export function What({ draft, set, wrong }: StepProps) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const setTier = (i: number, part: Partial<Draft["tiers"][number]>) => set({ tiers: draft.tiers.map((x, j) => (j === i ? { ...x, ...part } : x)) });
  return (
    <div className="space-y-5">
      <Choices legend={w.wizard.type} value={draft.type} onChange={(v) => set({ type: v })} options={(["trading", "referral"] as const).map((v) => ({ value: v, label: w.types[v] ?? v, text: w.typeText[v] }))} />
      {draft.type === "trading" ? (
        <>
          <Choices row legend={w.wizard.product} value={draft.product} onChange={(v) => set({ product: v })} options={(["both", "spot", "futures"] as const).map((v) => ({ value: v, label: w.products[v] ?? v }))} />
          <fieldset>
            <legend className="text-sm font-medium">{w.wizard.tiers}</legend>
            <p className="text-xs text-ink-2">{w.wizard.tiersHint}</p>
            <ol className="mt-2 space-y-3">
              {draft.tiers.map((tier, i) => (
                <li key={i} className="grid grid-cols-[1fr_auto] items-start gap-x-2 gap-y-2 rounded-md border border-line p-3 sm:grid-cols-[1fr_9rem_auto]">
                  <TextField id={`field-tiers[${i}].threshold`} label={<>{w.wizard.tier(f.count(i + 1))}: {w.wizard.thresholdUsdt}</>} unit="USDT" inputMode="decimal" value={tier.threshold} onChange={(e) => setTier(i, { threshold: e.target.value })} error={wrong[`tiers[${i}].threshold`]} className="max-sm:col-span-2" />
                  <SelectField label={w.wizard.rewardUsdt} value={tier.reward} onChange={(e) => setTier(i, { reward: e.target.value })} options={rewardOptions} />
                  <IconButton label={w.wizard.removeTier(f.count(i + 1))} disabled={draft.tiers.length === 1} className="mt-6" onClick={() => set({ tiers: draft.tiers.filter((_, j) => j !== i) })}>
                    <Trash2 aria-hidden="true" />
                  </IconButton>
                </li>
              ))}
            </ol>
            {draft.tiers.length < maxTiers && (
              <Button className="mt-3" onClick={() => set({ tiers: [...draft.tiers, { threshold: "", reward: draft.tiers.at(-1)?.reward ?? "10" }] })}>
                <Plus className="size-4" aria-hidden="true" />
                {w.wizard.addTier}
              </Button>
            )}
          </fieldset>
        </>
      ) : (
        <div className="grid gap-4 sm:grid-cols-3">
          <TextField id="field-everyX" label={w.wizard.everyX} inputMode="numeric" value={draft.everyX} onChange={(e) => set({ everyX: e.target.value })} error={wrong.everyX} />
          <SelectField label={w.wizard.rewardUsdt} value={draft.reward} onChange={(e) => set({ reward: e.target.value })} options={rewardOptions} />
          <TextField id="field-maxRepeats" label={w.wizard.maxRepeats} inputMode="numeric" value={draft.maxRepeats} onChange={(e) => set({ maxRepeats: e.target.value })} error={wrong.maxRepeats} />
        </div>
      )}
      <TextField id="field-title" label={w.wizard.title} hint={w.wizard.titleHint} value={draft.title} maxLength={100} onChange={(e) => set({ title: e.target.value })} error={wrong.title} />
    </div>
  );
}

export function When({ draft, set, wrong, zone, today }: StepProps & { zone: string; today: string }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const days = draft.start && draft.last ? Math.round((Date.parse(draft.last) - Date.parse(draft.start)) / 86_400_000) + 1 : 0;
  return (
    <div>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField id="field-start" type="date" label={w.wizard.start} min={today} value={draft.start} onChange={(e) => set({ start: e.target.value })} error={wrong.start} />
        <TextField id="field-end" type="date" label={w.wizard.end} min={draft.start || today} value={draft.last} onChange={(e) => set({ last: e.target.value })} error={wrong.end} />
      </div>
      <p className="mt-3 text-sm text-ink-2 tabular-nums">
        {days > 0 && `${w.days(f.count(days))}. `}
        {w.wizard.zone(zone)}
      </p>
    </div>
  );
}
