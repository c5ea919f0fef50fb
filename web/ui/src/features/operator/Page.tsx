import type { ReactNode } from "react";
import { useTitle } from "../../lib/hooks";

/** The head of an operator's page, and the page. */
export function Page({ title, text, aside, children }: { title: string; text: string; aside?: ReactNode; children: ReactNode }) {
  useTitle(title);
  return (
    <>
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
        <div className="min-w-0">
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
          <p className="min-h-5 max-w-2xl text-sm text-ink-2">{text}</p>
        </div>
        {aside}
      </div>
      <div className="@container mt-5 flex flex-col gap-4">{children}</div>
    </>
  );
}

export const Section = ({ title, children, note }: { title: string; children: ReactNode; note?: string }) => (
  <section className="card min-w-0 p-4 sm:p-5" aria-label={title}>
    <h2 className="font-medium">{title}</h2>
    {note && <p className="text-xs text-ink-2">{note}</p>}
    <div className="mt-3">{children}</div>
  </section>
);

export const field = "h-9 min-w-0 rounded-sm border border-line-strong bg-surface px-2 text-sm";
