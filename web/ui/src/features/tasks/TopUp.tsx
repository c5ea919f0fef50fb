import { useState, type SyntheticEvent } from "react";
import { Button } from "../../components/Button";
import { SelectField, TextField } from "../../components/Field";
import { ModalButtons } from "../../components/Modal";
import { fromMicro, micro } from "../../lib/decimal";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { tasksWords } from "../../lib/i18n/pages/tasks";
import type { Task, Tier } from "./data";
import { maxTiers, rewards } from "./draft";

/** What a task's participants can earn then: the whole of it, as the API takes it. */
export interface More {
  maxRepeats?: number;
  tiers?: Tier[];
}

/** Whether there is more to give: a trading task may have all its tiers. */
export const canTopUp = (task: Task) => task.type === "referral" || (task.tiers?.length ?? 0) < maxTiers;

/** Gives a task's participants more to earn: one more tier, or more times. */
export function TopUp({ task, wrong, busy, onClose, onMore }: { task: Task; wrong?: string; busy: boolean; onClose: () => void; onMore: (more: More) => void }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const c = usePageWords(commonWords);
  const trading = task.type === "trading";
  const [threshold, setThreshold] = useState("");
  const [reward, setReward] = useState(task.tiers?.at(-1)?.reward ?? "10");
  const [times, setTimes] = useState(String((task.maxRepeats ?? 0) + 1));
  const added = Number.parseInt(times, 10) - (task.maxRepeats ?? 0);
  const each = trading ? micro(reward) : micro(task.reward ?? "0") * BigInt(added > 0 ? added : 0);
  const submit = (e: SyntheticEvent) => {
    e.preventDefault();
    if (!busy) onMore(trading ? { tiers: [...(task.tiers ?? []), { threshold: threshold.replace(/[\s,]/g, ""), reward }] } : { maxRepeats: Number.parseInt(times, 10) || 0 });
  };
  return (
    <form noValidate className="mt-4" onSubmit={submit}>
      {trading ? (
        <div className="grid gap-4 sm:grid-cols-[1fr_9rem]">
          <TextField label={w.wizard.thresholdUsdt} unit="USDT" inputMode="decimal" value={threshold} onChange={(e) => setThreshold(e.target.value)} hint={w.topUpAbove(f.money(task.tiers?.at(-1)?.threshold ?? "0"))} error={wrong} />
          <SelectField label={w.wizard.rewardUsdt} value={reward} onChange={(e) => setReward(e.target.value)} options={rewards.map((r) => [r, `${r} USDT`] as const)} />
        </div>
      ) : (
        <TextField label={w.wizard.maxRepeats} inputMode="numeric" value={times} onChange={(e) => setTimes(e.target.value)} hint={w.topUpNow(f.count(task.maxRepeats ?? 0))} error={wrong} />
      )}
      <p className="mt-3 text-sm text-ink-2 tabular-nums">{w.topUpCost(f.money(fromMicro(each * BigInt(task.participants))))}</p>
      <ModalButtons>
        <Button onClick={onClose}>{c.cancel}</Button>
        <Button type="submit" variant="primary" aria-disabled={busy}>
          {w.topUp}
        </Button>
      </ModalButtons>
    </form>
  );
}
