import type { TasksWords } from "../../lib/i18n/pages/tasks";
import { micro } from "../../lib/decimal";
import type { Format } from "../../lib/format";
import { addDays } from "../../lib/period";
import type { Spec, Targets } from "./data";

/** A task as it is being written. */
export interface Draft {
  key: string;
  step: number;
  who: "direct" | "uids";
  uids: string;
  title: string;
  type: "referral" | "trading";
  product: "spot" | "futures" | "both";
  tiers: { threshold: string; reward: string }[];
  everyX: string;
  reward: string;
  maxRepeats: string;
  start: string;
  /** Included. */
  last: string;
}

export const rewards = ["10", "30", "50", "100"] as const;
export const maxTiers = 5;
const maxEvery = 100_000;
const maxRepeats = 1000;

export const newDraft = (today: string): Draft => ({
  key: crypto.randomUUID(),
  step: 0,
  who: "direct",
  uids: "",
  title: "",
  type: "trading",
  product: "both",
  tiers: [{ threshold: "", reward: "10" }],
  everyX: "5",
  reward: "10",
  maxRepeats: "3",
  start: addDays(today, 1),
  last: addDays(today, 30),
});

export type Wrong = Record<string, string>;

const uidsOf = (text: string) => text.split(/[\s,;]+/).filter(Boolean);

export function targetsOf(d: Draft): Targets | undefined {
  if (d.who === "direct") return { directPartners: true };
  const uids = uidsOf(d.uids);
  return uids.length > 0 && uids.every((u) => /^[1-9]\d{0,14}$/.test(u)) ? { uids: [...new Set(uids.map(Number))] } : undefined;
}

const whole = (s: string, max: number) => /^\d{1,6}$/.test(s.trim()) && Number(s) >= 1 && Number(s) <= max;
/** An amount as it is typed: spaces and commas between thousands are no part of it. */
export const amountOf = (s: string) => {
  const plain = s.replace(/[\s,]/g, "");
  return /^\d{1,10}(\.\d{1,6})?$/.test(plain) && micro(plain) > 0n ? plain : undefined;
};

/** What is wrong with a step of the wizard, by field. */
export function wrongIn(step: number, d: Draft, today: string, w: TasksWords, f: Format): Wrong {
  const wrong: Wrong = {};
  if (step === 0 && d.who === "uids") {
    const uids = uidsOf(d.uids);
    const bad = uids.find((u) => !/^[1-9]\d{0,14}$/.test(u));
    if (uids.length === 0) wrong.uids = w.wizard.noUids;
    else if (bad !== undefined) wrong.uids = w.wizard.badUid(bad);
  }
  if (step === 1 && d.type === "referral") {
    if (!whole(d.everyX, maxEvery)) wrong.everyX = w.wizard.badNumber(f.count(maxEvery));
    if (!whole(d.maxRepeats, maxRepeats)) wrong.maxRepeats = w.wizard.badNumber(f.count(maxRepeats));
  }
  if (step === 1 && d.type === "trading") {
    let below = 0n;
    d.tiers.forEach((t, i) => {
      const a = amountOf(t.threshold);
      if (a === undefined) wrong[`tiers[${i}].threshold`] = w.wizard.badAmount;
      else if (micro(a) <= below) wrong[`tiers[${i}].threshold`] = w.wizard.rising;
      if (a !== undefined) below = micro(a);
    });
  }
  if (step === 2) {
    if (!d.start) wrong.start = w.wizard.startMissing;
    else if (d.start < today) wrong.start = w.wizard.startPast;
    if (!d.last) wrong.end = w.wizard.endMissing;
    else if (d.start && d.last < d.start) wrong.end = w.wizard.endBefore;
    else if (d.start && addDays(d.start, 365) < d.last) wrong.end = w.wizard.tooLong;
  }
  return wrong;
}

/** The task that a draft asks for; undefined where something is still missing. */
export function specOf(d: Draft, today: string, w: TasksWords, f: Format): Spec | undefined {
  const targets = targetsOf(d);
  if (!targets || [0, 1, 2].some((s) => Object.keys(wrongIn(s, d, today, w, f)).length > 0)) return undefined;
  const common = { type: d.type, targets, start: d.start, end: addDays(d.last, 1), ...(d.title.trim() ? { title: d.title.trim() } : {}) };
  return d.type === "referral"
    ? { ...common, everyX: Number(d.everyX), reward: d.reward, maxRepeats: Number(d.maxRepeats) }
    : { ...common, product: d.product, tiers: d.tiers.map((t) => ({ threshold: amountOf(t.threshold) ?? "0", reward: t.reward })) };
}

/** A small valid task for some targets, to ask who qualifies before the rest is known. */
export const probe = (targets: Targets, today: string): Spec => ({ type: "referral", targets, start: addDays(today, 1), end: addDays(today, 2), everyX: 1, reward: "10", maxRepeats: 1 });

/** The step on which a field of the server's refusal is. */
export function stepOf(field: string): number {
  if (field.startsWith("targets")) return 0;
  if (field === "start" || field === "end") return 2;
  return /^(title|type|product|tiers|everyX|reward|maxRepeats)/.test(field) ? 1 : 3;
}
