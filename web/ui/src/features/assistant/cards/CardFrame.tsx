import type { ReactNode } from "react";
import type { Answer } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";

/** Title above, and below it what every figure needs: range, zone and as of when. */
export function CardFrame({ title, data, children }: { title: string; data: Answer; children: ReactNode }) {
  const { t, f } = useWords();
  return (
    <section aria-label={title} className="card @container min-w-0 overflow-hidden">
      <h3 className="px-4 pt-3.5 text-sm font-medium text-ink-2">{title}</h3>
      <div className="px-4 pt-2 pb-3.5">{children}</div>
      <p className="border-t border-line bg-paper px-4 py-2 text-xs text-ink-2 tabular-nums">
        {f.range(data, data.zone)} · {data.zone} · {t.figures.asOf(f.instant(data.asOf, data.zone))}
      </p>
    </section>
  );
}
