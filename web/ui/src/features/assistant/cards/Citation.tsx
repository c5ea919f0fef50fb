import { useQuery } from "@tanstack/react-query";
import { ExternalLink, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { IconButton } from "../../../components/Button";
import { Failed } from "../../../components/states";
import type { RulesResult } from "../../../lib/contract";
import { useWords } from "../../../lib/i18n";
import { read, rest } from "../../../lib/rest";
import { Markdown } from "../Markdown";
import { Tag } from "./Section";

interface Props {
  of: RulesResult["rows"][number];
  /** Of the library that answered. */
  version: number;
  onClose: () => void;
}

/** The section that a citation names, in the version that answered, from the end of the screen. */
export default function Citation({ of, version, onClose }: Props) {
  const { t, f } = useWords();
  const [slug = "", anchor = ""] = of.key.split("#");
  const query = useQuery({
    queryKey: ["library-section", of.key, of.locale, version],
    queryFn: ({ signal }) => read(rest.GET("/v1/library/sections/{slug}/{anchor}", { params: { path: { slug, anchor }, query: { locale: of.locale, version } }, signal })),
    staleTime: Infinity,
  });
  const s = query.data;
  return (
    <Dialog.Root open onOpenChange={(o) => !o && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 animate-in bg-scrim" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed inset-x-0 top-3 bottom-0 z-50 flex animate-in flex-col overflow-hidden rounded-t-xl border border-b-0 border-line bg-surface sm:inset-x-auto sm:inset-y-0 sm:end-0 sm:w-[30rem] sm:rounded-none sm:border-y-0 sm:border-e-0"
        >
          <header className="flex items-start gap-2 border-b border-line py-3 ps-5 pe-2">
            <div className="min-w-0 flex-1 pt-1">
              {of.title !== of.section && <p className="text-xs text-ink-2 wrap-anywhere">{of.title}</p>}
              <Dialog.Title className="font-semibold tracking-tight wrap-anywhere">{of.section}</Dialog.Title>
            </div>
            <Dialog.Close asChild>
              <IconButton label={t.app.close}>
                <X aria-hidden="true" />
              </IconButton>
            </Dialog.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4" tabIndex={0} role="region" aria-label={of.section}>
            {query.isError ? <Failed error={query.error} onRetry={() => void query.refetch()} /> : <Markdown text={s?.text ?? of.text} />}
          </div>
          <footer className="flex flex-wrap items-center gap-x-3 gap-y-2 border-t border-line bg-paper px-5 py-3 text-xs text-ink-2 tabular-nums">
            <span>{[t.library.version(version), s ? t.library.publishedOn(f.instant(s.publishedAt, "UTC")) : ""].filter(Boolean).join(" · ")}</span>
            {s && <Tag tone={s.current ? "accent" : "warn"}>{s.current ? t.library.current : t.library.outdated}</Tag>}
            {of.link && (
              <a href={of.link} target="_blank" rel="noopener noreferrer" className="ms-auto inline-flex items-center gap-1 font-medium text-accent hover:underline">
                {t.library.readOn}
                <ExternalLink className="size-3.5" aria-hidden="true" />
              </a>
            )}
          </footer>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
