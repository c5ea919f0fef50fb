import type { GroupBy } from "../../../lib/contract";
import type { Format } from "../../../lib/format";
import type { Messages } from "../../../lib/i18n/en";

export const isTime = (by: GroupBy | undefined): by is "hour" | "day" | "week" | "month" => by === "hour" || by === "day" || by === "week" || by === "month";

/** A row's key in words. */
export function keyName(key: string, by: GroupBy, zone: string, t: Messages, f: Format): string {
  if (isTime(by)) return f.bucket(key, by, zone, true);
  if (by === "country") return key === "unknown" ? (t.values.unknown ?? key) : f.country(key);
  return t.values[key] ?? key;
}
