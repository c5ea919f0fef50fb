import type { Call, Figure } from "../../../lib/contract";
import { en } from "../../../lib/i18n/en";

// What a person would say to have a call made. In English, which the offline planner reads.

const text = (v: unknown) => (typeof v === "string" || typeof v === "number" ? String(v) : "");

/** "last_30_days" is said in words; a range of dates stays as it is. */
const when = (period: unknown) => text(period).replace(/_/g, " ");

const metricWords = (name: string) => (name === "trades" ? "number of trades" : (en.metrics[name] ?? name).toLowerCase());

function filters(args: Call["args"]): string[] {
  return [
    args.subPartnerUid ? `sub-partner ${text(args.subPartnerUid)}` : "",
    args.code ? `code ${text(args.code)}` : "",
    args.country ? `country ${text(args.country)}` : "",
    args.product ? `product ${text(args.product)}` : "",
    args.relation ? `${text(args.relation)} referees` : "",
  ].filter(Boolean);
}

/** Undefined where there are no words for the call. */
export function phrase({ tool, args }: Call): string | undefined {
  if (args.country === "unknown") return undefined;
  const names = (Array.isArray(args.metrics) ? (args.metrics as string[]) : []).map(metricWords).join(" and ");
  const of = args.uid ? ` of UID ${text(args.uid)}` : "";
  const by = args.groupBy ? ` by ${text(args.groupBy).replace("_", "-")}` : "";
  const said = (...parts: string[]) => parts.filter(Boolean).join(", ");
  switch (tool) {
    case "trace_commission":
      return args.tradeId ? `Trace trade ${text(args.tradeId)}` : `Trace the commission${of} ${when(args.period)}`;
    case "get_referee":
      return `Show the details${of} ${when(args.period)}`.trim();
    case "query_metrics":
      return said(`${names.charAt(0).toUpperCase()}${names.slice(1)}${of}${by}`, ...filters(args), when(args.period));
    case "compare_metrics":
      return said(`Compare ${names}${of}${by}`, ...filters(args), when(args.period)) + (args.compareTo ? ` with ${when(args.compareTo)}` : "");
    case "leaderboard":
      return said(`Top ${text(args.limit ?? 10)} referees by ${metricWords(text(args.metric))}`, ...filters(args), when(args.period));
    default:
      return undefined;
  }
}

export const traceTrade = (tradeId: string): Call => ({ tool: "trace_commission", args: { tradeId } });
export const traceReferee = (uid: Figure, period: unknown): Call => ({ tool: "trace_commission", args: { uid, period } });
export const showReferee = (uid: Figure, period?: unknown): Call => ({ tool: "get_referee", args: { uid, period } });
