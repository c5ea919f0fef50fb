import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useAnnounce } from "../../components/Announce";
import { Button } from "../../components/Button";
import { Failed, NothingYet } from "../../components/states";
import { ApiError } from "../../lib/api";
import { useWords } from "../../lib/i18n";
import { read, rest, type Schema } from "../../lib/rest";
import { Tag } from "../assistant/cards/Section";
import { Panel, field } from "./Panel";
import { draftsQuery } from "./queries";

type Uploaded = Schema["Uploaded"];

async function send(files: FileList, checkOnly: boolean): Promise<Uploaded> {
  const form = new FormData();
  for (const f of files) form.append("files", f, f.name);
  return read(rest.POST("/v1/library/uploads", { params: { query: { checkOnly } }, body: form as never, bodySerializer: (b) => b as unknown as FormData }));
}

/** What is changed and not published: upload, drop, publish. */
export function Drafts({ served }: { served: number }) {
  const { t } = useWords();
  const announce = useAnnounce();
  const queries = useQueryClient();
  const drafts = useQuery(draftsQuery);
  const input = useRef<HTMLInputElement>(null);
  const [checkOnly, setCheckOnly] = useState(false);
  const [note, setNote] = useState("");
  const renew = () => queries.invalidateQueries({ queryKey: ["library"] });
  const upload = useMutation({
    mutationFn: (files: FileList) => send(files, checkOnly),
    onSuccess: (out) => {
      if (out.kept) announce(t.library.kept(out.articles.length));
      return renew();
    },
    onSettled: () => {
      if (input.current) input.current.value = ""; // the same file again is another upload
    },
  });
  const drop = useMutation({
    mutationFn: (d: { slug: string; locale: string }) => read(rest.DELETE("/v1/library/drafts/{slug}", { params: { path: { slug: d.slug }, query: { locale: d.locale } } })),
    onSuccess: () => {
      announce(t.library.dropped);
      return renew();
    },
  });
  const publish = useMutation({
    mutationFn: () => read(rest.POST("/v1/library/publish", { body: { version: served, note } })),
    onSuccess: (p) => {
      setNote("");
      announce(t.library.published(p.version));
      return renew();
    },
  });
  const items = drafts.data?.items ?? [];
  return (
    <Panel title={t.library.drafts} text={t.library.uploadText}>
      <div className="flex flex-wrap items-center gap-3">
        <input ref={input} type="file" multiple className="sr-only" tabIndex={-1} aria-label={t.library.upload} accept=".md,.html,.htm,.txt,.pdf,.yaml" onChange={(e) => e.target.files?.length && upload.mutate(e.target.files)} />
        <Button variant="primary" disabled={upload.isPending} onClick={() => input.current?.click()}>
          <Upload className="size-4" aria-hidden="true" />
          {t.library.upload}
        </Button>
        <label className="flex min-h-9 items-center gap-2 text-sm">
          <input type="checkbox" checked={checkOnly} onChange={(e) => setCheckOnly(e.target.checked)} className="size-4 accent-accent" />
          {t.library.checkFirst}
        </label>
      </div>
      <div aria-live="polite" className="mt-3 text-sm">
        {upload.isPending && <p className="text-ink-2">{t.library.uploading}</p>}
        {upload.isError && <Refusal text={upload.error instanceof ApiError ? upload.error.message : String(upload.error)} />}
        {upload.data?.refused.length === 0 && <p>{upload.data.kept ? t.library.kept(upload.data.articles.length) : t.library.fine(upload.data.articles.length)}</p>}
        {upload.data && upload.data.refused.length > 0 && (
          <div role="alert" className="rounded-md bg-danger-soft p-3 text-down">
            <p className="font-medium">{t.library.refused}</p>
            <ul className="mt-1 list-disc ps-5">
              {upload.data.refused.map((r) => (
                <li key={`${r.file}-${r.line ?? 0}-${r.reason}`} className="wrap-anywhere">
                  {[r.file, r.line ? t.library.line(r.line) : ""].filter(Boolean).join(", ")}: {[r.field, r.reason].filter(Boolean).join(": ")}
                </li>
              ))}
            </ul>
          </div>
        )}
        {publish.isError && <Refusal text={publish.error instanceof ApiError ? publish.error.message : String(publish.error)} />}
        {publish.data && (
          <p>
            {t.library.published(publish.data.version)}. {publish.data.closedGaps?.length ? t.library.closedGaps(publish.data.closedGaps.length) : ""}
          </p>
        )}
      </div>
      {drafts.isError ? (
        <Failed error={drafts.error} onRetry={() => void drafts.refetch()} />
      ) : drafts.data && items.length === 0 ? (
        <NothingYet title={t.library.noDrafts} text={t.library.noDraftsText} />
      ) : (
        <>
          <ul className="mt-3 divide-y divide-line">
            {items.map((d) => (
              <li key={`${d.slug}-${d.locale}`} className="flex items-center gap-3 py-2 text-sm">
                <span className="min-w-0 flex-1">
                  <span className="block font-medium wrap-anywhere">{d.title}</span>
                  <span className="text-xs text-ink-2 wrap-anywhere">
                    {d.slug} · {d.locale}
                  </span>
                </span>
                <Tag tone={d.change === "removed" ? "danger" : d.change === "same" ? "plain" : "accent"}>{t.library.changes[(d.change ?? "changed") as "new"]}</Tag>
                <Button variant="quiet" aria-label={t.library.dropOf(d.title)} onClick={() => drop.mutate(d)}>
                  {t.library.drop}
                </Button>
              </li>
            ))}
          </ul>
          {items.length > 0 && (
            <form
              className="mt-4 flex flex-wrap gap-2"
              onSubmit={(e) => {
                e.preventDefault();
                publish.mutate();
              }}
            >
              <input value={note} onChange={(e) => setNote(e.target.value)} maxLength={500} aria-label={t.library.note} placeholder={t.library.note} className={`${field} flex-1 basis-48`} />
              <Button type="submit" variant="primary" disabled={publish.isPending}>
                {t.library.publish}
              </Button>
            </form>
          )}
        </>
      )}
    </Panel>
  );
}

const Refusal = ({ text }: { text: string }) => (
  <p role="alert" className="rounded-md bg-danger-soft p-3 text-down wrap-anywhere">
    {text}
  </p>
);
