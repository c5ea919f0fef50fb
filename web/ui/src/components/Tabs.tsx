import type { ReactNode } from "react";

/** Views of a page, each with an address of its own: the children are links in list items. */
export const Tabs = ({ label, children }: { label: string; children: ReactNode }) => (
  <nav aria-label={label} className="mt-4 overflow-x-auto border-b border-line">
    <ul className="flex gap-1">{children}</ul>
  </nav>
);

export const tabClass = "-mb-px block border-b-2 border-transparent px-3 py-2 text-sm font-medium whitespace-nowrap text-ink-2 -outline-offset-2 hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-accent";
