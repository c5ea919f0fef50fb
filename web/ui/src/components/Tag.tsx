import type { ReactNode } from "react";

const tones = { plain: "bg-sunken text-ink-2", accent: "bg-accent-soft text-accent", up: "bg-sunken text-up", warn: "bg-warn text-warn-ink", danger: "bg-danger-soft text-down" };

export type Tone = keyof typeof tones;

/** A word about a thing, in a colour that has a meaning beside it. */
export const Tag = ({ children, tone = "plain" }: { children: ReactNode; tone?: Tone }) => (
  <span className={`inline-flex items-center gap-1 rounded-full px-2.5 py-0.5 text-xs font-medium whitespace-nowrap ${tones[tone]}`}>{children}</span>
);
