import { Tabs } from "radix-ui";
import type { ReactNode } from "react";

interface Props {
  label: string;
  tabs: readonly { key: string; label: string; content: ReactNode }[];
}

/** Views of the same thing, one at a time; the row of them wraps where it is narrow. */
export function Pills({ label, tabs }: Props) {
  const first = tabs[0];
  if (!first) return null;
  return (
    <Tabs.Root defaultValue={first.key}>
      <Tabs.List aria-label={label} className="mb-2 flex flex-wrap gap-1">
        {tabs.map((tab) => (
          <Tabs.Trigger
            key={tab.key}
            value={tab.key}
            className="min-h-7 rounded-full border border-line px-2.5 text-xs font-medium text-ink-2 hover:text-ink data-[state=active]:border-accent data-[state=active]:bg-accent-soft data-[state=active]:text-accent"
          >
            {tab.label}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {tabs.map((tab) => (
        <Tabs.Content key={tab.key} value={tab.key} className="outline-offset-2">
          {tab.content}
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}
