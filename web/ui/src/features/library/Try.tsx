import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Failed } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { read, rest } from "../../lib/rest";
import { Meter } from "../assistant/cards/Bars";
import { Tag } from "../assistant/cards/Section";
import { Panel, field } from "./Panel";

/** A question, what it finds, and which of its words speak for it. */
export function Try() {
  const { t, f } = useWords();
  const [question, setQuestion] = useState("");
  const [drafts, setDrafts] = useState(true);
  const preview = useMutation({ mutationFn: () => read(rest.POST("/v1/library/preview", { body: { question, drafts } })) });
  const items = preview.data?.items ?? [];
  return (
    <Panel title={t.library.try} text={t.library.tryText}>
      <form
        className="space-y-3"
        onSubmit={(e) => {
          e.preventDefault();
          if (question.trim()) preview.mutate();
        }}
      >
        <div className="flex flex-wrap gap-2">
          <input value={question} onChange={(e) => setQuestion(e.target.value)} maxLength={1000} aria-label={t.library.question} placeholder={t.library.question} className={`${field} flex-1 basis-48`} />
          <Button type="submit" disabled={preview.isPending}>
            {t.library.ask}
          </Button>
        </div>
        <label className="flex min-h-6 items-center gap-2 text-sm">
          <input type="checkbox" checked={drafts} onChange={(e) => setDrafts(e.target.checked)} className="size-4 accent-accent" />
          {t.library.withDrafts}
        </label>
      </form>
      <div aria-live="polite">
        {preview.isError && <Failed error={preview.error} onRetry={() => preview.mutate()} />}
        {preview.data && items.length === 0 && <p className="mt-4 text-sm text-ink-2">{t.library.nothingFound}</p>}
        {items.length > 0 && <p className="sr-only">{t.library.found(items.length)}</p>}
      </div>
      <ol className="mt-3 divide-y divide-line">
        {items.map((h) => (
          <li key={h.key} className="py-3 text-sm">
            <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="min-w-0 font-medium wrap-anywhere">{h.section}</span>
              <Tag tone={h.enough ? "accent" : "plain"}>{h.enough ? t.library.answers : t.library.tooLittle}</Tag>
              {h.draft && <Tag tone="warn">{t.library.draft}</Tag>}
            </div>
            <p className="text-xs text-ink-2 wrap-anywhere">{h.title}</p>
            <div className="mt-2 flex items-center gap-2 text-xs text-ink-2 tabular-nums">
              <span>{t.library.evidence}</span>
              <Meter part={h.evidence} className="flex-1" />
              <span>{f.rate(h.evidence.toFixed(2))}</span>
            </div>
            <ul className="mt-2 flex flex-wrap gap-1.5">
              {h.why.map((w) => (
                <li key={w.word} className={`rounded-full border px-2 py-0.5 text-xs ${w.as ? "border-accent text-accent" : "border-line text-ink-2"}`}>
                  {w.word}
                  {w.as ? (w.as === w.word ? "" : ` → ${w.as}`) : `: ${t.library.notThere}`}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
