import { Download } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Query } from "../lib/api";
import { useWords } from "../lib/i18n";
import { usePageWords } from "../lib/i18n/pages";
import { commonWords } from "../lib/i18n/pages/common";
import { read, rest, type Schema } from "../lib/rest";
import { openFile } from "../lib/save";
import { useAnnounce, useToast } from "./Announce";
import { Button } from "./Button";

interface Props {
  list: Schema["ExportJobInputBody"]["list"];
  /** The filters on screen: the file has the same rows. */
  query: Query;
  variant?: "primary" | "secondary";
}

const lookEvery = 500; // milliseconds

/** Has a list exported as CSV by the server, however long that takes; says how far it is, and can be stopped. */
export function ExportButton({ list, query, variant = "secondary" }: Props) {
  const { f } = useWords();
  const w = usePageWords(commonWords);
  const announce = useAnnounce();
  const toast = useToast();
  const [job, setJob] = useState<Schema["ExportJob"]>();
  const running = useRef<AbortController>(null);

  const fail = (stop: AbortController) => {
    if (!stop.signal.aborted) toast({ text: w.exportFailed, failed: true });
  };

  /** Follows an export to its end. Who leaves the page follows no more; the server goes on. */
  const follow = async (begun: Schema["ExportJob"], stop: AbortController) => {
    try {
      let now = begun;
      while (now.state === "running") {
        setJob(now);
        await new Promise((done) => setTimeout(done, lookEvery));
        stop.signal.throwIfAborted();
        now = await read(rest.GET("/v1/exports/{id}", { params: { path: { id: now.id } }, signal: stop.signal }));
      }
      if (!now.file) throw new Error(now.error);
      openFile(now.file);
      toast({ text: w.exported(f.bytes(now.bytes)) });
    } catch {
      fail(stop);
    } finally {
      setJob(undefined);
    }
  };

  const start = () => {
    announce(w.exporting(f.count(0)));
    const q = new URLSearchParams(Object.entries(query).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]])));
    const stop = new AbortController();
    running.current = stop;
    read(rest.POST("/v1/exports", { body: { list, query: q.toString() }, signal: stop.signal })).then(
      (begun) => follow(begun, stop),
      () => fail(stop),
    );
  };

  const end = (id: string) => {
    running.current?.abort();
    void rest.DELETE("/v1/exports/{id}", { params: { path: { id } } });
    announce(w.exportStopped);
  };

  // Whoever left the page while an export ran finds it again.
  const takeUp = useEffectEvent((exports: Schema["ExportJob"][], stop: AbortController) => {
    const job = exports.find((e) => e.list === list && e.state === "running");
    if (job) void follow(job, stop);
  });
  const failToLook = useEffectEvent(fail);
  useEffect(() => {
    const stop = new AbortController();
    running.current = stop;
    read(rest.GET("/v1/exports", { signal: stop.signal })).then(
      ({ items }) => takeUp(items, stop),
      () => failToLook(stop),
    );
    return () => running.current?.abort();
  }, []);

  return (
    <span className="inline-flex items-center gap-2">
      {job && <progress className="h-1.5 w-20" aria-label={w.exportProgress} {...(job.total ? { value: job.rows, max: job.total } : {})} />}
      <Button variant={variant} onClick={() => (job ? end(job.id) : start())}>
        <Download className="size-4" aria-hidden="true" />
        {job ? `${w.stop} · ${job.total ? w.exportedOf(f.count(job.rows), f.count(job.total)) : f.count(job.rows)}` : w.exportCsv}
      </Button>
    </span>
  );
}
