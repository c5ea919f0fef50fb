import { Progress } from "../../components/Progress";
import type { Need } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { programsWords } from "../../lib/i18n/pages/programs";

export const tones = { not_eligible: "plain", in_progress: "accent", reached: "up", complete: "up" } as const;

export function useNeedName() {
  const { t, f } = useWords();
  const w = usePageWords(programsWords);
  return (n: Need) => [t.metrics[n.metric] ?? n.metric, n.product ? (t.values[n.product] ?? n.product).toLowerCase() : "", n.growth ? `(${w.growth(f.percent(n.growth))})` : ""].filter(Boolean).join(" ");
}

/** What a tier asks for, each with a bar. */
export function Needs({ title, needs }: { title: string; needs: readonly Need[] }) {
  const { f } = useWords();
  const w = usePageWords(programsWords);
  const name = useNeedName();
  return (
    <section className="mt-4">
      <h3 className="text-sm font-medium">{title}</h3>
      <ul className="mt-2 space-y-3">
        {needs.map((n, i) => {
          const of = w.of(f.figureShort(n.metric, n.current), f.figureShort(n.metric, n.target));
          return (
            <li key={i} className="text-sm">
              <p className="mb-1 flex flex-wrap items-baseline justify-between gap-x-3">
                <span className="text-ink-2">{name(n)}</span>
                <span className="tabular-nums">{of}</span>
              </p>
              <Progress part={n.percent / 100} label={name(n)} text={of} done={n.met} />
              <p className="mt-1 text-xs text-ink-2 tabular-nums">{n.met ? w.met : w.missing(f.figureShort(n.metric, n.missing))}</p>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
