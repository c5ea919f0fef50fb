import { X } from "lucide-react";

export interface Chip {
  key: string;
  /** What is filtered and by what. */
  text: string;
  /** Of the button, for those who hear it. */
  remove: string;
  onRemove: () => void;
}

/** What is filtered by, each of which can be taken away, or all together. */
export function Chips({ label, chips, clear, onClear }: { label: string; chips: readonly Chip[]; clear: string; onClear: () => void }) {
  if (chips.length === 0) return null;
  return (
    <ul aria-label={label} className="mt-3 flex flex-wrap items-center gap-2">
      {chips.map((c) => (
        <li key={c.key} className="flex min-w-0 items-center rounded-full border border-line bg-surface ps-3 pe-1 text-sm">
          <span className="min-w-0 truncate">{c.text}</span>
          <button type="button" aria-label={c.remove} onClick={c.onRemove} className="ms-1 grid size-7 shrink-0 place-items-center rounded-full text-ink-2 hover:bg-sunken hover:text-ink">
            <X className="size-3.5" aria-hidden="true" />
          </button>
        </li>
      ))}
      <li>
        <button type="button" onClick={onClear} className="min-h-7 rounded-sm px-2 text-sm font-medium text-accent hover:underline">
          {clear}
        </button>
      </li>
    </ul>
  );
}
