import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "../../lib/api";
import type { Page } from "../../lib/contract";
import { fromMicro, micro } from "../../lib/decimal";
import type { Format } from "../../lib/format";
import type { TasksWords } from "../../lib/i18n/pages/tasks";

export type TaskType = "referral" | "trading";
export type TaskState = "pending" | "active" | "closing" | "settled" | "cancelled";
export const states: readonly TaskState[] = ["pending", "active", "closing", "settled", "cancelled"];
export type Side = "created" | "assigned";

export interface Tier {
  threshold: string;
  reward: string;
}

export interface Targets {
  directPartners?: boolean;
  uids?: number[];
}

/** A task as it is asked for; dates begin in the reporting zone, the end is excluded. */
export interface Spec {
  type: TaskType;
  title?: string;
  targets: Targets;
  start: string;
  end: string;
  product?: "spot" | "futures" | "both";
  tiers?: Tier[];
  everyX?: number;
  reward?: string;
  maxRepeats?: number;
}

export interface Next {
  step: number;
  /** USDT, or a number of users. */
  threshold: string | number;
  gap: string | number;
  reward: string;
  eta?: string;
}

export interface Participant {
  uid: number;
  relation?: "direct" | "indirect";
  country?: string;
  progress: string | number;
  steps: number;
  rewards: number;
  paid: string;
  review: boolean;
  late?: string | number;
  next?: Next;
  glance?: { commission: string; volume: string; traders: number };
}

export interface Task extends Spec {
  id: number;
  createdBy: number;
  status: TaskState;
  settlesAt: string;
  createdAt: string;
  settledAt?: string;
  cancelledAt?: string;
  nudgedAt?: string;
  participants: number;
  funded: string;
  paid: string;
  reserved: string;
  refunded: string;
  started: number;
  completed: number;
  review: number;
  mine?: Participant;
}

export interface TaskDetail {
  task: Task;
  rows: Participant[];
  truncated: boolean;
  return?: { spent: string; volume: string; volumeBefore: string; extraVolume: string; commission: string; commissionBefore: string; extraCommission: string; net: string };
}

export interface Preview {
  count: number;
  targets: Participant[];
  worstCase: string;
  perParticipant: string;
  balanceBefore: string;
  balanceAfter: string;
  missing: string;
  settlesAt: string;
  truncated: boolean;
}

export interface Simulation {
  from: string;
  to: string;
  participants: number;
  qualified: number;
  cost: string;
  worstCase: string;
  rows: Participant[];
}

export const tasksQuery = (side: Side, status?: TaskState) =>
  infiniteQueryOptions({
    queryKey: ["tasks", side, status ?? ""],
    queryFn: ({ pageParam, signal }) => api.get<Page<Task>>("/v1/tasks", { side, status, limit: 20, cursor: pageParam || undefined }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor || undefined,
    staleTime: 10_000,
  });

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ["task", id],
    queryFn: ({ signal }) => api.get<TaskDetail>(`/v1/tasks/${id}`, {}, signal),
    staleTime: 5_000,
    // Progress comes as it happens.
    refetchInterval: (q) => (q.state.data && ["active", "closing"].includes(q.state.data.task.status) ? 15_000 : false),
  });

export const previewQuery = (spec: Spec) =>
  queryOptions({
    queryKey: ["task-preview", spec],
    queryFn: () => api.post<Preview>("/v1/tasks/preview", spec),
    staleTime: 60_000,
  });

/** The most that one participant can earn, in micro-USDT. */
export function perHead(s: Pick<Spec, "type" | "tiers" | "reward" | "maxRepeats">): bigint {
  if (s.type === "referral") return micro(s.reward ?? "0") * BigInt(s.maxRepeats ?? 0);
  return (s.tiers ?? []).reduce((sum, t) => sum + micro(t.reward), 0n);
}

/** How far a progress is of all that can be reached, and where the steps are, 0 to 1. */
export function reach(task: Spec, progress: string | number): { part: number; marks: number[]; most: string | number } {
  if (task.type === "referral") {
    const most = (task.everyX ?? 1) * (task.maxRepeats ?? 1);
    const n = task.maxRepeats ?? 1;
    return { part: Number(progress) / most, marks: n <= 12 ? Array.from({ length: n }, (_, i) => (i + 1) / n) : [], most };
  }
  const all = (task.tiers ?? []).map((t) => Number(t.threshold));
  const most = all.at(-1) ?? 1;
  return { part: Number(progress) / most, marks: all.map((t) => t / most), most: task.tiers?.at(-1)?.threshold ?? "0" };
}

/** A progress or threshold in words. */
export const amount = (task: Pick<Spec, "type">, v: string | number, f: Format, w: TasksWords) => (task.type === "referral" ? w.users(f.count(v)) : w.usdt(f.moneyShort(v)));

export const titleOf = (task: Task, w: TasksWords) => task.title || `${w.types[task.type] ?? ""} ${task.id}`;

export const termsOf = (task: Spec, f: Format, w: TasksWords) =>
  task.type === "referral"
    ? w.every(f.count(task.everyX ?? 0), f.moneyShort(task.reward ?? "0"), f.count(task.maxRepeats ?? 0))
    : [w.products[task.product ?? "both"], w.tiersLine(f.count(task.tiers?.length ?? 0), f.moneyShort(fromMicro(perHead(task))))].join(" · ");

export const tones = { pending: "plain", active: "accent", closing: "warn", settled: "up", cancelled: "plain" } as const;
