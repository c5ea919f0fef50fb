import type { ReactNode } from "react";

/** A titled part of the page. */
export const Panel = ({ title, text, children }: { title: string; text?: string; children: ReactNode }) => (
  <section aria-label={title} className="card min-w-0 p-5">
    <h2 className="font-medium">{title}</h2>
    {text && <p className="mt-0.5 text-sm text-ink-2">{text}</p>}
    <div className="mt-4">{children}</div>
  </section>
);

export const field = "min-h-9 w-full min-w-0 rounded-md border border-line bg-surface px-3 text-sm";
