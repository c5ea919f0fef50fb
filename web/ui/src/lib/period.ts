import type { GroupBy } from "./contract";

// A period as the API writes it: a preset, or "2026-11-01..2026-11-15" (half-open).

/** The presets of the picker, each with the key that chooses it. */
export const presets = [
  { id: "today", key: "t" },
  { id: "yesterday", key: "y" },
  { id: "this_week", key: "w" },
  { id: "last_week", key: "l" },
  { id: "this_month", key: "m" },
  { id: "last_month", key: "p" },
  { id: "last_7_days", key: "7" },
  { id: "last_30_days", key: "3" },
  { id: "last_90_days", key: "9" },
] as const;

export type Preset = (typeof presets)[number]["id"];

export const customKey = "c";

const custom = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/;

export const isPreset = (p: string): p is Preset => presets.some((x) => x.id === p);

/** The period if it is one, else undefined. */
export function parsePeriod(p: unknown): string | undefined {
  if (typeof p !== "string") return undefined;
  if (isPreset(p)) return p;
  return customDays(p) ? p : undefined;
}

/** First and last day (both included) of a custom period. */
export function customDays(period: string): { first: string; last: string } | undefined {
  const m = custom.exec(period);
  if (!m?.[1] || !m[2]) return undefined;
  const from = Date.parse(m[1]);
  const to = Date.parse(m[2]);
  if (!(from < to)) return undefined;
  return { first: m[1], last: addDays(m[2], -1) };
}

export const customPeriod = (first: string, last: string) => `${first}..${addDays(last, 1)}`;

export function addDays(date: string, n: number): string {
  return new Date(Date.parse(date) + n * 86_400_000).toISOString().slice(0, 10);
}

/** Today's date in a zone. */
export function today(zone: string, now = new Date()): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(now);
}

/** The bucket that gives a chart a readable number of points. */
export function grain(period: string): GroupBy {
  if (period === "today" || period === "yesterday") return "hour";
  const c = customDays(period);
  if (!c) return "day";
  const days = (Date.parse(c.last) - Date.parse(c.first)) / 86_400_000 + 1;
  if (days <= 2) return "hour";
  if (days <= 92) return "day";
  return days <= 400 ? "week" : "month";
}
