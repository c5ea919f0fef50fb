// What the server sends. Money is a decimal string, counts are integers; instants are RFC 3339.

export type Role = "partner" | "bd" | "content" | "operator";

export interface Session {
  uid: number;
  role: Role;
  /** Empty where the hub knows no name. */
  name: string;
  /** The reporting zone, an IANA name. */
  zone: string;
  /** Development mode: anyone may sign in as anyone. */
  dev: boolean;
  /** Where people sign up at the exchange, with {code} in it; absent where the hub knows none. */
  signUpUrl?: string;
}

export interface Person {
  uid: number;
  role: Role;
  name: string;
  note: string;
}

/** Money as a decimal string, or a count. */
export type Figure = string | number;

/** Half-open: [from, to). */
export interface Span {
  from: string;
  to: string;
}

export interface Answer extends Span {
  asOf: string;
  zone: string;
  filters?: Record<string, Figure | boolean>;
}

export type GroupBy =
  | "hour" | "day" | "week" | "month"
  | "product" | "relation" | "referee" | "sub_partner" | "country" | "code";

export type MetricsRow = { key: string } & Record<string, Figure>;

export interface MetricsResult extends Answer {
  metrics: string[];
  groupBy?: GroupBy;
  rows: MetricsRow[];
  total: Record<string, Figure>;
}

export interface Compared {
  current: Figure;
  previous: Figure;
  delta: Figure;
  /** Decimal string; null where there is nothing to compare with. */
  percent: string | null;
  /** The whole earlier period, when the comparison is to date. */
  whole?: Figure;
}

/** A bucket of time stands beside the earlier period's at the same place; where one period has more of them, the other's key is empty. */
export type ComparedRow = { key: string; previousKey?: string } & Record<string, Compared | string | undefined>;

export interface ComparisonResult extends Answer {
  metrics: string[];
  groupBy?: GroupBy;
  /** The part of the earlier period that was compared. */
  compareTo: Span;
  toDate: boolean;
  rows: ComparedRow[];
  total: Record<string, Compared>;
}

export interface LeaderboardResult extends Answer {
  metric: string;
  by: "referee" | "sub_partner" | "code" | "country";
  rows: ({ key: string; rank: number; share: string | null } & Record<string, Figure | null>)[];
  total: Record<string, Figure>;
}

export interface Referee {
  key: string;
  relation: "direct" | "indirect";
  subPartnerUid?: number;
  code: string;
  country: string;
  registeredAt: string;
  kyc: "none" | "basic" | "advanced";
  verifiedAt?: string;
  firstDepositAt?: string;
  firstTradeAt?: string;
  lastTradeAt?: string;
  activity: "active" | "dormant" | "inactive";
  partner: boolean;
  spotVip: number;
  futuresVip: number;
  spotRebateRate: string;
  futuresRebateRate: string;
  /** The code's. */
  note?: string;
  /** The partner's, on this referee. */
  ownNote?: string;
  commission: string;
  volume: string;
}

export interface RefereesResult extends Answer {
  sort: string;
  order: "asc" | "desc";
  rows: Referee[];
  /** How many match. */
  total: number;
  nextCursor?: string;
}

export interface RefereeDetail extends Referee {
  eligibleVolume: string;
  fees: string;
  trades: number;
  deposits: string;
  withdrawals: string;
  sharedCommission: string;
}

export interface RefereeResult extends Answer {
  rows: RefereeDetail[];
  total: number;
  byProduct: { key: string; commission: string; volume: string; trades: number }[];
}

/** What GET /v1/referees/{uid} answers. */
export interface RefereeProfile extends Answer {
  referee: RefereeDetail;
  byProduct: RefereeResult["byProduct"];
}

export interface Conversation {
  id: string;
  title: string;
  updatedAt: string;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

export const downReasons = ["wrong_figure", "misunderstood", "not_answered", "outdated", "unclear", "too_slow", "other"] as const;
export type DownReason = (typeof downReasons)[number];

/** What I say of an answer. */
export interface Vote {
  runId: string;
  vote: "up" | "down";
  reasons?: string[];
  text?: string;
}

export interface Welcome {
  message: string;
  questions: string[];
}

// What the analysis tools answer.

/** The call that shows what is behind a figure. */
export interface Call {
  tool: string;
  args: Record<string, unknown>;
}

interface Moved {
  current: Figure;
  previous: Figure;
  delta: Figure;
  /** Percent of the whole change, negative where it went the other way; null where nothing changed. */
  share: string | null;
}

export interface Part extends Moved {
  /** "other" sums up the many small ones, and has their count. */
  key: string;
  status?: "entered" | "left" | "stayed";
  count?: number;
  drill?: Call;
}

export interface Cause extends Moved {
  dimensions: Partial<Record<GroupBy, string>>;
  status: "entered" | "left" | "stayed";
  /** In English. */
  words: string;
  /** Without those that a cause before names. */
  others?: boolean;
  drill?: Call;
}

export type DriverName = "active_referees" | "volume_each" | "fee_rate" | "commission_rate" | "mix";

export interface Driver {
  key: DriverName;
  /** A count, USDT, or a fraction; null where it has no size. */
  current: Figure | null;
  previous: Figure | null;
  delta: Figure;
  share: string | null;
}

export interface ExplainResult extends Answer {
  compareTo: Span;
  toDate: boolean;
  metric: string;
  total: Record<string, Compared>;
  causes: Cause[];
  /** The change that no cause names. */
  rest: Figure;
  drivers?: Driver[];
  byReferee: Part[];
  bySubPartner: Part[];
  byProduct?: Part[];
  byCountry: Part[];
  byCode: Part[];
  byStatus: Part[];
}

export type Severity = "high" | "medium" | "low";

export interface Anomaly {
  key: string;
  kind: "volume_drop" | "volume_spike" | "silent_trader" | "deposit_spike" | "withdrawal_spike";
  subject: { type: "referee" | "sub_partner" | "book"; uid: number };
  /** What the amounts are of. */
  metric: string;
  since: string;
  until?: string;
  ongoing: boolean;
  expected: { low: string; usual: string; high: string };
  seen: string;
  /** Seen less usual. */
  size: string;
  severity: Severity;
  drill: Call;
}

export interface AnomaliesResult extends Answer {
  rows: Anomaly[];
  total: number;
}

export interface Contributor {
  key: string;
  commission: string;
  volume: string;
  share: string | null;
}

export interface SummaryResult extends Answer {
  compareTo: Span;
  toDate: boolean;
  groupBy: "day" | "week" | "month";
  rows: MetricsRow[];
  total: Record<string, Compared>;
  funnel: { key: string; current: number; previous: number }[];
  contribution: { byReferee: Contributor[]; bySubPartner: Contributor[]; byProduct: Contributor[]; byCountry: Contributor[] };
  causes: Cause[];
  drivers: Driver[] | null;
  anomalies: { rows: Anomaly[]; total: number };
  /** What to do next, in English. */
  next: { key: string; words: string }[];
}

export interface Tendency {
  key: string;
  volume: string;
  trades: number;
  traders: number;
  /** Percent of the volume. */
  share: string | null;
}

export interface TimeOfDay {
  /** "13:00", or "Monday". */
  key: string;
  volume: string;
  trades: number;
}

export interface ActivityResult extends Answer {
  compareTo: Span;
  toDate: boolean;
  counts: { total: number; active: number; activeBefore: number; dormant: number; inactive: number; new: number };
  byProduct: Tendency[];
  symbols: Tendency[];
  symbolCount: number;
  hours: TimeOfDay[];
  weekdays: TimeOfDay[];
  trendBy: "hour" | "day" | "week" | "month";
  trend: { key: string; traders: number; volume: string; trades: number; previousKey: string; previousTraders: number }[];
  rows: { key: string; volume: Compared }[];
  total: { traders: number; volume: string; trades: number; averageTrade: string | null };
}

/** What was booked for a trade, or for its reversal. */
export interface Booking {
  key: string;
  kind: "trade" | "reversal";
  at: string;
  product: string;
  symbol: string;
  volume: string;
  feePaid: string;
  rate?: string;
  rebateRate?: string;
  rebate?: string;
  paidBelow?: string;
  commission?: string;
  sharedReceived?: string;
  verdict: string;
}

export interface TracedTrade {
  tradeId: string;
  at: string;
  uid: number;
  account?: number;
  relation: "direct" | "indirect" | "own";
  level: number;
  path: number[];
  code?: string;
  product: string;
  symbol: string;
  side: string;
  volume: string;
  feeGross: string;
  deductions: string;
  feePaid: string;
  eligible: boolean;
  excludedReason?: string;
  vipLevel: number;
  vipLimit: number;
  enrolled?: boolean;
  ruleVersion: string;
  mode: string;
  levelsLookedAt: number;
  reversedAt?: string;
  reversalReason?: string;
  rate?: string;
  gross?: string;
  paidBelow?: string;
  rebateRate?: string;
  rebate?: string;
}

export interface TraceResult extends Answer {
  trade?: TracedTrade;
  verdict?: { code: string; text: string };
  rows: Booking[];
  total: { commission?: string; sharedReceived?: string; trades?: number };
  nextCursor?: string;
}

export interface RewardsResult extends Answer {
  kind: "rebate" | "shared" | "task";
  rows: { key: string; day: string; settledAt: string; uid: number; product: string; amount: string; status: "settled" | "unsettled" }[];
  total: { commission?: string; sharedReceived?: string; taskRewards?: string; settled: string; unsettled: string };
  nextCursor?: string;
}

/** What a tier asks for, and how far the partner is. */
export interface Need {
  metric: string;
  product?: string;
  growth?: string;
  current: Figure;
  target: Figure;
  missing: Figure;
  percent: number;
  met: boolean;
}

export interface ProgramTier {
  name: string;
  reward: string;
  reached: boolean;
  needs: Need[];
}

export interface Program {
  key: string;
  title: string;
  doc: string;
  link?: string;
  unit: "month" | "quarter";
  period: Span;
  deadline: string;
  daysLeft: number;
  eligible: boolean;
  status: "not_eligible" | "in_progress" | "reached" | "complete";
  tier?: string;
  reward?: string;
  next?: ProgramTier;
  needs: Need[];
  tiers: ProgramTier[];
  history: (Span & { tier?: string; reward?: string })[];
}

export interface ProgramsResult extends Answer {
  rows: Program[];
}

/** A participant of a task; money as decimal strings, progress in USDT or new users. */
export interface TaskParticipantRow {
  key: string;
  relation?: "direct" | "indirect";
  country?: string;
  progress: Figure;
  steps: number;
  earned: string;
  review?: boolean;
  late?: Figure;
  next?: { threshold: Figure; gap: Figure; reward: string; eta?: string };
  last30Days?: { commission: string; volume: string; traders: number };
}

/** A task: with what all participants did for its creator, with one's own progress for a participant. */
export interface TaskRow extends Partial<Omit<TaskParticipantRow, "relation" | "country" | "last30Days">> {
  key: string;
  title?: string;
  type: "referral" | "trading";
  status: "pending" | "active" | "closing" | "settled" | "cancelled";
  start: string;
  end: string;
  settlesAt: string;
  product?: "spot" | "futures" | "both";
  tiers?: { threshold: string; reward: string }[];
  everyX?: number;
  reward?: string;
  maxRepeats?: number;
  participants?: number;
  started?: number;
  completed?: number;
  toReview?: number;
  funded?: string;
  paid?: string;
  reserved?: string;
  refunded?: string;
}

export interface TasksResult {
  asOf: string;
  zone: string;
  side: "created" | "assigned";
  rows: TaskRow[];
  total: { tasks: number; funded?: string; paid?: string; reserved?: string; earned?: string };
  more?: boolean;
}

export interface TaskResult extends Answer {
  task: TaskRow;
  rows: TaskParticipantRow[];
  total: number;
  more?: boolean;
  return?: { spent: string; extraVolume: string; extraCommission: string; net: string };
}

export interface SimulationResult extends Answer {
  days: number;
  rows: TaskParticipantRow[];
  total: { participants: number; qualified: number; cost: string; worstCase: string };
}

/** Sections of the rule library; not answered: it holds too little evidence. */
export interface RulesResult {
  query: string;
  answered: boolean;
  answer: { text: string; key: string }[];
  rows: { key: string; title: string; section: string; text: string; locale: string; version: number; link?: string }[];
  total: number;
  version: number;
  note?: string;
}

export interface ResourcesResult {
  kind: "event" | "material" | "learning" | "announcement";
  rows: {
    key: string;
    title: string;
    summary: string;
    /** In English. */
    reason: string;
    access?: string;
    starts?: string;
    ends?: string;
    published?: string;
    link?: string;
    joinLink?: string;
    shareLink?: string;
  }[];
  total: number;
}

interface CodeFigures {
  referees: number;
  direct: number;
  indirect: number;
  newReferrals: number;
  commission: string;
  volume: string;
}

export interface CodesResult extends Answer {
  rows: ({ key: string; createdAt: string; default: boolean; spotRebateRate: string; futuresRebateRate: string; note?: string } & CodeFigures)[];
  total: CodeFigures & { codes: number };
}
