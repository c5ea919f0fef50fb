import type { Figure } from "../../../lib/contract";
import type { Format } from "../../../lib/format";
import type { Messages } from "../../../lib/i18n/en";
import { isPreset } from "../../../lib/period";
import type { Card } from "../model/events";

/** So many metrics are named. */
const named = 3;

/** A card's title in the reader's language: what it is about, when, and the filters. The server's, in English, for kinds that have no words here. */
export function cardTitle(card: Card, t: Messages, f: Format): string {
  const about = t.cards.titles[card.kind as "metrics"];
  if (!(about as unknown)) return card.title;
  const a = card.args as Record<string, Figure | string[] | undefined>;
  const text = (v: unknown) => (typeof v === "string" || typeof v === "number" ? String(v) : "");
  const metric = (name: string) => t.metrics[name] ?? name;
  const all = (Array.isArray(a.metrics) ? a.metrics : [text(a.metric)]).filter(Boolean).map(metric);
  const metrics = all.length > named ? t.cards.andMore(all.slice(0, 2).join(", "), all.length - 2) : all.join(", ");
  const by = text(a.by ?? a.groupBy);
  const group = t.groups[by as "referee"] as string | undefined;
  const period = text(a.period);
  const head = about({ metrics, by: group ?? "", uid: text(a.uid), tradeId: text(a.tradeId), kind: text(a.kind ?? a.side), id: text(a.taskId) });
  const uid = card.kind === "referee" || !a.uid ? "" : `${t.referee.uid} ${text(a.uid)}`;
  return [
    isPreset(period) ? `${head}, ${t.cards.inTitle(t.period.presets[period])}` : head,
    t.values[text(a.product)] ?? "",
    t.values[text(a.relation)] ?? "",
    a.country ? f.country(text(a.country)) : "",
    t.values[text(a.activity)] ?? "",
    uid,
    a.subPartnerUid ? t.cards.subPartner(text(a.subPartnerUid)) : "",
    a.code ? t.cards.code(text(a.code)) : "",
    a.kyc ? `${t.referee.kyc} ${t.values[text(a.kyc)] ?? ""}` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}
