// What the server sends to operators.

export interface Figures {
  from: string;
  to: string;
  asOf: string;
  zone: string;
  answers: number;
  failed: number;
  fallbacks: number;
  up: number;
  down: number;
  helpfulness: number | null;
  conversations: number;
  resolved: number;
  unresolved: number;
  abandoned: number;
  unknown: number;
  resolution: number | null;
  handoffRate: number | null;
  handoffs: number;
  handoffReasons: { topic: string; count: number }[];
  firstReplySeconds: number | null;
  timeToResolveSeconds: number | null;
  gaps: number;
  latencyP50Ms: number | null;
  latencyP99Ms: number | null;
  costUsd: string;
  costPerResolvedUsd: string | null;
  days: { day: string; answers: number; up: number; down: number }[];
}

interface ToolCall {
  tool: string;
  args: unknown;
}

export type ReviewState = "new" | "case" | "fixed" | "dismissed";

export interface Review {
  id: string;
  uid: number;
  topic: string;
  state: ReviewState;
  reasons: string[];
  text: string;
  createdAt: string;
  case?: string;
  snapshot: { question: string; answer: string; history: { question: string; answer: string }[] | null; calls: ToolCall[]; model: string; latencyMs: number };
}

export interface ReviewPage {
  items: Review[];
  nextCursor?: string;
  topics: { topic: string; count: number }[];
}

export interface MadeCase {
  name: string;
  file: string;
}

interface Score {
  right: number;
  total: number;
}

export interface Report {
  dialogs: Score;
  tools: Record<string, Score>;
  args: Record<string, Score>;
  grounded: Score;
  pass1: number;
  pass4?: number;
  latencyMs: [number, number];
  costUsd: string;
}

export interface EvaluationRun {
  id: number;
  startedAt: string;
  model: string;
  repeats: number;
  note?: string;
  report: { cases?: Report; measured?: Report };
}

interface Detail {
  wrong?: string[];
}

export interface Comparison {
  counts: Partial<Record<"better" | "worse" | "same" | "added" | "removed", number>>;
  cases: { name: string; verdict: "better" | "worse" | "same" | "added" | "removed"; a: number | null; b: number | null; detailA?: Detail; detailB?: Detail }[];
}

export interface WaitingEvent {
  id: string;
  type: string;
  time: string;
  uid: number;
  waitsFor: string;
  arrived: string;
}
