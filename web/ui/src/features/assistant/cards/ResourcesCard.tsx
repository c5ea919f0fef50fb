import { BookOpen, CalendarDays, ExternalLink, Images, Lightbulb, Megaphone } from "lucide-react";
import { buttonClass } from "../../../components/Button";
import { CopyButton } from "../../../components/CopyButton";
import type { ResourcesResult } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";
import { Tag } from "./Section";

const icons = { event: CalendarDays, material: Images, learning: BookOpen, announcement: Megaphone };

/** What is recommended: each with why it fits this partner, when it runs, and where to go. */
export function ResourcesCard({ data }: { data: ResourcesResult }) {
  const { t, f } = useWords();
  const Icon = icons[data.kind];
  const day = (d: string) => f.date(`${d}T00:00:00Z`, "UTC");
  if (data.rows.length === 0) return <p className="text-sm text-ink-2">{t.library.noResources}</p>;
  return (
    <ul className="space-y-3">
      {data.rows.map((r) => (
        <li key={r.key} className="rounded-md border border-line p-3">
          <div className="flex items-start gap-3">
            <span className="grid size-8 shrink-0 place-items-center rounded-md bg-accent-soft text-accent">
              <Icon className="size-4" aria-hidden="true" />
            </span>
            <div className="min-w-0 flex-1">
              <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <h4 className="text-sm font-medium wrap-anywhere">{r.title}</h4>
                {r.access && <Tag tone={r.access === "exclusive" ? "accent" : "plain"}>{t.library.access[r.access] ?? r.access}</Tag>}
              </div>
              {(r.starts || r.ends || r.published) && (
                <p className="mt-0.5 text-xs text-ink-2 tabular-nums">
                  {[r.starts ? t.library.fromDate(day(r.starts)) : "", r.ends ? t.library.untilDate(day(r.ends)) : "", !r.starts && r.published ? t.library.publishedOn(day(r.published)) : ""].filter(Boolean).join(" · ")}
                </p>
              )}
              <p className="mt-1.5 text-sm text-ink-2 wrap-anywhere">{r.summary}</p>
              {r.reason && (
                <p className="mt-2 flex items-start gap-1.5 text-sm wrap-anywhere">
                  <Lightbulb className="mt-0.5 size-4 shrink-0 text-accent" aria-hidden="true" />
                  <span className="min-w-0">{r.reason}</span>
                </p>
              )}
              <div className="mt-2.5 flex flex-wrap items-center gap-2">
                {r.joinLink && (
                  <a href={r.joinLink} target="_blank" rel="noopener noreferrer" className={buttonClass("primary")}>
                    {t.library.join}
                    <span className="sr-only">: {r.title}</span>
                  </a>
                )}
                {r.link && (
                  <a href={r.link} target="_blank" rel="noopener noreferrer" className={buttonClass("secondary")}>
                    {t.library.readOn}
                    <span className="sr-only">: {r.title}</span>
                    <ExternalLink className="size-4" aria-hidden="true" />
                  </a>
                )}
                {r.shareLink && <CopyButton text={r.shareLink} label={`${t.library.share}: ${r.title}`} />}
              </div>
            </div>
          </div>
        </li>
      ))}
    </ul>
  );
}
