import { ArrowDownToLine, ArrowUpFromLine, CircleAlert, Info, MoonStar, TrendingDown, TrendingUp, TriangleAlert, type LucideIcon } from "lucide-react";
import { Delta } from "../../../components/Change";
import type { Anomaly, Severity } from "../../../lib/contract";
import { approx } from "../../../lib/format";
import { useWords } from "../../../lib/i18n";
import { AskMore, Uid } from "./Ask";
import { Tag } from "./Section";

const icons: Record<Anomaly["kind"], LucideIcon> = { volume_drop: TrendingDown, volume_spike: TrendingUp, silent_trader: MoonStar, deposit_spike: ArrowDownToLine, withdrawal_spike: ArrowUpFromLine };
const grades: Record<Severity, { tone: "danger" | "warn" | "plain"; icon: LucideIcon }> = {
  high: { tone: "danger", icon: CircleAlert },
  medium: { tone: "warn", icon: TriangleAlert },
  low: { tone: "plain", icon: Info },
};

export function SeverityTag({ severity, count }: { severity: Severity; count?: number }) {
  const { t } = useWords();
  const { tone, icon: Icon } = grades[severity];
  return (
    <Tag tone={tone}>
      <Icon className="size-3" aria-hidden="true" strokeWidth={2.5} />
      {count !== undefined && <span className="tabular-nums">{count}</span>} {t.cards.severity[severity]}
    </Tag>
  );
}

/** One alert: what, whose, since when, and what was seen against what was to be expected. */
export function Alert({ alert: a, zone, period }: { alert: Anomaly; zone: string; period?: unknown }) {
  const { t, f } = useWords();
  const Icon = icons[a.kind];
  const at = (s: string) => f.moment(s, zone);
  const time = a.until === a.since ? at(a.since) : a.until ? f.range({ from: a.since, to: a.until }, zone) : t.cards.sinceOngoing(at(a.since));
  return (
    <div className="flex gap-3">
      <span className="mt-0.5 grid size-7 shrink-0 place-items-center rounded-md bg-sunken text-ink-2">
        <Icon className="size-4" aria-hidden="true" />
      </span>
      <div className="min-w-0 flex-1 text-sm">
        <div className="flex items-start justify-between gap-3">
          <p className="min-w-0 font-medium">{t.cards.alertKind[a.kind]}</p>
          <SeverityTag severity={a.severity} />
        </div>
        <p className="text-xs text-ink-2">
          {a.subject.type === "referee" ? <Uid uid={a.subject.uid} period={period} named /> : t.cards.subject[a.subject.type](String(a.subject.uid))} · <span className="tabular-nums">{time}</span>
        </p>
        <Band alert={a} />
        <div className="mt-1 flex flex-wrap items-baseline justify-between gap-x-3">
          <p className="text-xs text-ink-2 tabular-nums">
            <Delta metric={a.metric} value={a.size} brief /> USDT {t.cards.againstUsual}
          </p>
          <AskMore call={a.drill}>{t.cards.perDay}</AskMore>
        </div>
      </div>
    </div>
  );
}

/** What was seen, on a scale with the range that was to be expected. */
function Band({ alert: a }: { alert: Anomaly }) {
  const { t, f } = useWords();
  const high = approx(a.expected.high);
  const seen = approx(a.seen);
  const most = Math.max(high, seen) * 1.04 || 1;
  const at = (v: number) => `${(v / most) * 100}%`;
  const low = approx(a.expected.low);
  const said = `${t.cards.seen} ${f.money(a.seen)} USDT; ${t.cards.expected} ${f.money(a.expected.low)} – ${f.money(a.expected.high)} USDT, ${t.cards.usual} ${f.money(a.expected.usual)} USDT`;
  return (
    <div className="mt-2">
      <div role="img" aria-label={said} className="relative h-4">
        <div className="absolute inset-x-0 top-1.5 h-1 rounded-full bg-sunken" />
        <div className="absolute top-0.5 h-3 rounded-sm border border-accent/40 bg-accent-soft" style={{ insetInlineStart: at(low), width: at(high - low) }} />
        <div className="absolute top-0.5 h-3 w-px bg-accent" style={{ insetInlineStart: at(approx(a.expected.usual)) }} />
        <div className={`absolute top-0 size-4 rounded-full border-2 border-surface ${seen > high ? "bg-up" : "bg-down"}`} style={{ insetInlineStart: `clamp(0px, ${at(seen)} - 8px, 100% - 16px)` }} />
      </div>
      <dl className="mt-1 flex flex-wrap justify-between gap-x-4 text-xs text-ink-2 tabular-nums">
        <div className="flex gap-1">
          <dt>{t.cards.seen}</dt>
          <dd className="font-medium text-ink" title={f.money(a.seen)}>
            {f.brief(a.seen)}
          </dd>
        </div>
        <div className="flex gap-1">
          <dt>{t.cards.expected}</dt>
          <dd title={`${f.money(a.expected.low)} – ${f.money(a.expected.high)}`}>
            {f.brief(a.expected.low)} – {f.brief(a.expected.high)}
          </dd>
        </div>
      </dl>
    </div>
  );
}
