import type {
  ActivityResult, AnomaliesResult, CodesResult, ComparisonResult, ExplainResult, LeaderboardResult, MetricsResult, ProgramsResult,
  RefereeResult, RefereesResult, ResourcesResult, RewardsResult, RulesResult, SimulationResult, SummaryResult, TaskResult, TasksResult, TraceResult,
} from "../../../lib/contract";

// AG-UI events of a run, as the server stores them. `seq` counts a thread's events from 1, over all its runs.

/** The data of each kind of card. */
export interface CardData {
  metrics: MetricsResult;
  comparison: ComparisonResult;
  leaderboard: LeaderboardResult;
  referees: RefereesResult;
  referee: RefereeResult;
  explain: ExplainResult;
  summary: SummaryResult;
  anomalies: AnomaliesResult;
  activity: ActivityResult;
  trace: TraceResult;
  rewards: RewardsResult;
  codes: CodesResult;
  rules: RulesResult;
  resources: ResourcesResult;
  proposal: Proposed;
  outcome: Outcome;
  tasks: TasksResult;
  task: TaskResult;
  simulation: SimulationResult;
  programs: ProgramsResult;
}

export type ProposalState = "proposed" | "approved" | "declined" | "expired";

export interface PreviewRow {
  name: string;
  label: string;
  value: string;
  type: "text" | "rate" | "money" | "number" | "yes_no" | "time";
}

/** What a person is shown before deciding. Amounts are decimal strings of USDT, times RFC 3339. */
export interface Preview {
  /** In English. */
  title: string;
  subject?: string;
  rows: PreviewRow[];
  cost?: { worstCase: string; balanceBefore: string; balanceAfter: string; missing: string };
  /** The first of the uids. */
  targets?: { count: number; uids: number[] };
  starts?: string;
  ends?: string;
}

/** The result of a tool that proposes. */
export interface Proposed {
  proposalId: string;
  kind: string;
  digest: string;
  expiresAt: string;
  preview: Preview;
}

/** What became of a proposal. With an error it was not executed, and is open still. */
export interface Outcome {
  proposalId: string;
  kind: string;
  state: ProposalState;
  subject?: string;
  error?: { code: string; field?: string; message: string };
}

interface CardOf<K extends keyof CardData> {
  id: string;
  kind: K;
  /** In English. */
  title: string;
  tool: string;
  toolCallId: string;
  args: Record<string, unknown>;
  data: CardData[K];
}

export type Card = { [K in keyof CardData]: CardOf<K> }[keyof CardData];

export interface Question {
  question: string;
  options?: string[];
}

export interface UserMessage {
  messageId: string;
  text: string;
  clientId: string;
}

/** How the conversation's ticket stands, after `action`. */
export interface Handoff {
  ticketId: string;
  state: "open" | "claimed" | "waiting" | "resolved" | "reopened" | "cancelled";
  action?: string;
  /** Who holds it. */
  bd?: string;
  /** While it is queued. */
  dueAt?: string;
}

type Custom =
  | { name: "user_message"; value: UserMessage }
  | { name: "card"; value: Card }
  | { name: "suggestions"; value: { items: string[] } }
  | { name: "question"; value: Question }
  /** Another model answers; the message it replaces no longer counts. */
  | { name: "fallback"; value: { reason: string; replaces?: string } }
  | { name: "handoff"; value: Handoff }
  /** The partner stopped the run; RUN_FINISHED follows. */
  | { name: "stopped" };

type Body =
  | { type: "RUN_STARTED"; threadId: string; runId: string }
  | { type: "RUN_FINISHED"; threadId: string; runId: string }
  | { type: "RUN_ERROR"; message: string; code?: string }
  /** name: of the person who says it, where it is not the assistant */
  | { type: "TEXT_MESSAGE_START"; messageId: string; name?: string }
  | { type: "TEXT_MESSAGE_CONTENT"; messageId: string; delta: string }
  | { type: "TEXT_MESSAGE_END"; messageId: string }
  | { type: "TOOL_CALL_START"; toolCallId: string; toolCallName: string }
  | { type: "TOOL_CALL_RESULT"; toolCallId: string }
  | ({ type: "CUSTOM" } & Custom);

export type RunEvent = Body & { seq: number; timestamp?: number };

export type ServerFrame =
  | { type: "accepted"; clientId: string; threadId: string; runId: string }
  | { type: "event"; threadId: string; event: RunEvent }
  | { type: "signal"; threadId: string; ticketId: string; signal: { name?: string; typing?: boolean; delivered?: number; seen?: number } }
  | { type: "error"; clientId?: string; threadId?: string; error: { code: string; field?: string; message: string } }
  | { type: "pong" };

export type ClientFrame =
  | { type: "send"; clientId: string; threadId?: string; text: string; option?: string }
  /** A BD names the ticket instead of the thread. */
  | { type: "resume"; threadId?: string; ticketId?: string; after: number }
  | { type: "signal"; threadId?: string; ticketId?: string; typing?: boolean; delivered?: number; seen?: number }
  | { type: "stop"; runId: string }
  | { type: "ping" };

/** The longest message the server takes, in characters. */
export const maxText = 4000;
