import type { Messages } from "../../lib/i18n/en";
import type { Format } from "../../lib/format";
import { addDays, customDays, isPreset } from "../../lib/period";
import type { refereesWords } from "../../lib/i18n/pages/referees";

/** What referees can be filtered by, as it stands in the URL and in the API. */
export const filterKeys = ["q", "kyc", "deposited", "traded", "activity", "vipMin", "registered", "code", "country", "relation", "subPartnerUid"] as const;
export type FilterKey = (typeof filterKeys)[number];
export type Filters = Partial<Record<FilterKey, string>>;

/** A filter in words. */
export function filterText(key: FilterKey, value: string, t: Messages, f: Format, w: (typeof refereesWords)["en"]): string {
  const shown = () => {
    switch (key) {
      case "kyc":
      case "activity":
      case "relation":
        return t.values[value] ?? value;
      case "deposited":
      case "traded":
        return value === "true" ? w.done : w.notDone;
      case "country":
        return value === "unknown" ? (t.values.unknown ?? value) : f.country(value);
      case "registered": {
        const days = customDays(value);
        return days ? f.days({ from: days.first, to: addDays(days.last, 1) }, "UTC") : isPreset(value) ? t.period.presets[value] : value;
      }
      case "q":
        return `“${value}”`;
      default:
        return value;
    }
  };
  return `${w.fields[key] ?? key}: ${shown()}`;
}
