import type { GroupBy } from "../../../lib/contract";
import type { Format } from "../../../lib/format";
import type { Messages } from "../../../lib/i18n/en";

export const isTime = (by: GroupBy | undefined): by is "hour" | "day" | "week" | "month" => by === "hour" || by === "day" || by === "week" || by === "month";

/** A row's key in words; alone says that no heading tells what it is a key of. */
export function keyName(key: string, by: GroupBy, zone: string, t: Messages, f: Format, alone = false): string {
  if (isTime(by)) return f.bucket(key, by, zone, true);
  if (by === "country") return key === "unknown" ? (alone ? t.cards.unknownCountry : (t.values.unknown ?? key)) : f.country(key);
  if (by === "sub_partner" && key === "") return t.cards.noSubPartner;
  if (alone && by === "referee") return `${t.referee.uid} ${key}`;
  if (alone && by === "sub_partner") return t.cards.subPartner(key);
  if (alone && by === "code") return t.cards.code(key);
  return t.values[key] ?? key;
}
