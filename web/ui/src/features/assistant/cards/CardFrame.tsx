import type { ReactNode } from "react";
import { useWords } from "../../../lib/i18n";
import { Computed, type Figures } from "./Computed";

interface Props {
  title: string;
  tool: string;
  args: Record<string, unknown>;
  data: object;
  children: ReactNode;
}

const hasFigures = (data: object): data is Figures => "asOf" in data;

/** Title above, and below it what every figure needs: range, zone, as of when, and how it was computed. */
export function CardFrame({ title, tool, args, data, children }: Props) {
  const { t, f } = useWords();
  return (
    <section aria-label={title} className="card @container min-w-0 overflow-hidden">
      <h3 className="px-4 pt-3.5 text-sm font-medium text-ink-2">{title}</h3>
      <div className="px-4 pt-2 pb-3.5">{children}</div>
      {hasFigures(data) && (
        <footer className="border-t border-line bg-paper px-4 py-2 text-xs text-ink-2 tabular-nums">
          <p>
            {[data.from && data.to ? f.range({ from: data.from, to: data.to }, data.zone) : "", data.zone, t.figures.asOf(f.instant(data.asOf, data.zone))].filter(Boolean).join(" · ")}
          </p>
          <Computed tool={tool} args={args} data={data} />
        </footer>
      )}
    </section>
  );
}
