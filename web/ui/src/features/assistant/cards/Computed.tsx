import { useId, useState } from "react";
import { ChevronDown } from "lucide-react";
import { CopyButton } from "../../../components/CopyButton";
import type { Answer, Call, Span } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";
import { AskMore } from "./Ask";
import { traceReferee } from "./phrase";

/** What every result with figures tells of them; a list of tasks is of no period. */
export type Figures = Pick<Answer, "asOf" | "zone"> & Partial<Span> & { compareTo?: Span };

interface Props {
  tool: string;
  args: Record<string, unknown>;
  data: Figures;
}

/** "How was this computed?": the query that gave the figures, to the instant, and the way to the trades behind commission. */
export function Computed({ tool, args, data }: Props) {
  const { t, f } = useWords();
  const [open, setOpen] = useState(false);
  const id = useId();
  const { zone } = data;
  const span = (s: Span) => t.cards.halfOpen(f.stamp(s.from, zone), f.stamp(s.to, zone));
  const rows: [string, string][] = [
    [t.cards.query, `${tool} ${JSON.stringify(args)}`],
    ...(data.from && data.to ? [[t.period.label, span({ from: data.from, to: data.to })] as [string, string]] : []),
    ...(data.compareTo ? [[t.figures.earlier, span(data.compareTo)] as [string, string]] : []),
    [t.cards.zone, zone],
    [t.cards.asOfLabel, f.stamp(data.asOf, zone)],
  ];
  const behind = tradesBehind(tool, args);
  return (
    <div>
      <button type="button" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} className="-mx-1 flex min-h-6 items-center gap-1 rounded-sm px-1 font-medium text-ink-2 hover:text-ink">
        {t.cards.computed}
        <ChevronDown className={`size-3.5 transition-transform ${open ? "rotate-180" : ""}`} aria-hidden="true" />
      </button>
      <div id={id} hidden={!open} className="mt-1 space-y-2">
        <p>{t.cards.how[tool] ?? t.cards.howElse}</p>
        <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1">
          {rows.map(([name, value], i) => (
            <div key={name} className="contents">
              <dt>{name}</dt>
              <dd className={`min-w-0 text-ink wrap-anywhere ${i === 0 ? "font-mono" : ""}`}>{value}</dd>
            </div>
          ))}
        </dl>
        <div className="flex items-center justify-between gap-2">
          <AskMore call={behind}>{behind?.tool === "leaderboard" ? t.cards.refereesBehind : t.cards.tradesBehind}</AskMore>
          <CopyButton text={JSON.stringify({ tool, args })} label={t.cards.copyQuery} />
        </div>
      </div>
    </div>
  );
}

/** The trades of one referee, or else the referees that a figure of commission is the sum of. */
function tradesBehind(tool: string, args: Record<string, unknown>): Call | undefined {
  const { metric, metrics, uid, period, product, relation } = args;
  const ofCommission = metric === "commission" || (Array.isArray(metrics) && metrics.includes("commission")) || tool === "summarize_performance" || tool === "get_referee" || tool === "list_rewards";
  if (!ofCommission || tool === "trace_commission" || args.kind === "shared" || args.kind === "task") return undefined;
  if (typeof uid === "number") return traceReferee(uid, period);
  return tool === "leaderboard" && args.by === "referee" ? undefined : { tool: "leaderboard", args: { metric: "commission", by: "referee", period, product, relation } };
}
