import { ChevronRight } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { RulesResult } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";

const Citation = lazy(() => import("./Citation"));

/** The sections that an answer quotes, the first being what it was taken from: each opens in the version that answered. */
export function RulesCard({ data }: { data: RulesResult }) {
  const { t } = useWords();
  const [open, setOpen] = useState<RulesResult["rows"][number] | null>(null);
  if (!data.answered || data.rows.length === 0) return <p className="text-sm text-ink-2">{t.library.unknown}</p>;
  return (
    <>
      <ul aria-label={t.library.sources} className="space-y-2">
        {data.rows.map((r, i) => (
          <li key={r.key}>
            <button
              type="button"
              onClick={() => setOpen(r)}
              aria-label={t.library.open(r.section)}
              className="flex w-full items-start gap-3 rounded-md border border-line px-3 py-2.5 text-start transition-colors hover:border-accent hover:bg-sunken"
            >
              <span aria-hidden="true" className="mt-0.5 grid size-5 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent tabular-nums">
                {i + 1}
              </span>
              <span className="min-w-0 flex-1">
                <span className="block text-sm font-medium wrap-anywhere">{r.section}</span>
                <span className="mt-0.5 block text-xs text-ink-2 wrap-anywhere">
                  {[r.section === r.title ? "" : r.title, t.library.version(r.version)].filter(Boolean).join(" · ")}
                </span>
              </span>
              <ChevronRight className="mt-0.5 size-4 shrink-0 text-ink-2" aria-hidden="true" />
            </button>
          </li>
        ))}
      </ul>
      {data.note && <p className="mt-2 text-xs text-ink-2">{data.note}</p>}
      {open && (
        <Suspense>
          <Citation of={open} version={data.version} onClose={() => setOpen(null)} />
        </Suspense>
      )}
    </>
  );
}
