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
  note?: string;
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

export interface Conversation {
  id: string;
  title: string;
  updatedAt: string;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

export interface Welcome {
  message: string;
  questions: string[];
}
