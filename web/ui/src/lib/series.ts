import type { Answer, Compared, ComparedRow, ComparisonResult } from "./contract";

export function comparedAt(row: ComparedRow, metric: string): Compared | undefined {
  const c = row[metric];
  return typeof c === "object" ? c : undefined;
}

/** When a bucket began: its key is RFC 3339 of an hour, or a date of the reporting zone, whose offset `from` has. */
export const began = (key: string, data: Answer) => Date.parse(key.length > 10 ? key : key + data.from.slice(10)) <= Date.parse(data.asOf);

/** The rows of time buckets that have begun. */
export const passed = (data: ComparisonResult) => data.rows.filter((r) => began(r.key, data));

/** Whether the last bucket that has begun is not over yet. */
export const lastIsOpen = (data: ComparisonResult) => Date.parse(data.to) > Date.parse(data.asOf);

/** A metric's values over time: null for what is yet to come, or for what this period, being shorter, has not. */
export const overTime = (data: ComparisonResult, metric: string) =>
  data.rows.map((r) => {
    const c = comparedAt(r, metric);
    return { key: r.key || `earlier ${r.previousKey ?? ""}`, bucket: r.key || r.previousKey || "", current: c && began(r.key, data) ? c.current : null, earlier: c?.whole ?? c?.previous };
  });
