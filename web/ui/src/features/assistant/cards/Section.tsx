import type { ReactNode } from "react";

/** A titled part of a card. */
export const Section = ({ title, children }: { title: string; children: ReactNode }) => (
  <section className="border-t border-line pt-3.5 first:border-0 first:pt-0">
    <h4 className="mb-2 text-sm font-medium">{title}</h4>
    {children}
  </section>
);

/** Figures side by side: two, or three short ones. */
export const Facts = ({ short = false, children }: { short?: boolean; children: ReactNode }) => (
  <dl className={`grid gap-x-4 gap-y-2.5 ${short ? "grid-cols-[repeat(auto-fit,minmax(5.25rem,1fr))]" : "grid-cols-[repeat(auto-fit,minmax(7.5rem,1fr))]"}`}>{children}</dl>
);

export const Fact = ({ name, strong = false, children }: { name: string; strong?: boolean; children: ReactNode }) => (
  <div className={`min-w-0 ${strong ? "flex flex-col justify-between" : ""}`}>
    <dt className="text-xs text-ink-2">{name}</dt>
    <dd className={`mt-0.5 wrap-anywhere tabular-nums ${strong ? "text-base font-semibold tracking-tight" : "text-sm"}`}>{children}</dd>
  </div>
);

export { Tag } from "../../../components/Tag";
