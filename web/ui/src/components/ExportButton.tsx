import { Download } from "lucide-react";
import { useRef, useState } from "react";
import type { Query } from "../lib/api";
import { useWords } from "../lib/i18n";
import { usePageWords } from "../lib/i18n/pages";
import { commonWords } from "../lib/i18n/pages/common";
import { saveFile } from "../lib/save";
import { useAnnounce, useToast } from "./Announce";
import { Button } from "./Button";

interface Props {
  /** Of GET /v1/exports/{list}.csv. */
  list: string;
  /** The filters on screen: the file has the same rows. */
  query: Query;
  variant?: "primary" | "secondary";
}

/** Exports a list as CSV; says how far it is, and can be stopped. */
export function ExportButton({ list, query, variant = "secondary" }: Props) {
  const { f } = useWords();
  const w = usePageWords(commonWords);
  const announce = useAnnounce();
  const toast = useToast();
  const [size, setSize] = useState<number>();
  const running = useRef<AbortController>(null);

  const start = async () => {
    const stop = new AbortController();
    running.current = stop;
    setSize(0);
    announce(w.exporting(f.bytes(0)));
    try {
      const q = new URLSearchParams(Object.entries(query).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]])));
      const res = await fetch(`/v1/exports/${list}.csv?${q.toString()}`, { signal: stop.signal });
      if (!res.ok || !res.body) throw new Error(res.statusText);
      const parts: BlobPart[] = [];
      let bytes = 0;
      const reader = res.body.getReader();
      for (let r = await reader.read(); !r.done; r = await reader.read()) {
        parts.push(r.value);
        setSize((bytes += r.value.length));
      }
      const name = /filename="([^"]+)"/.exec(res.headers.get("Content-Disposition") ?? "")?.[1] ?? `${list}.csv`;
      saveFile(new Blob(parts, { type: "text/csv" }), name);
      toast({ text: w.exported(f.bytes(bytes)) });
    } catch {
      if (stop.signal.aborted) announce(w.exportStopped);
      else toast({ text: w.exportFailed, failed: true });
    } finally {
      setSize(undefined);
    }
  };

  return (
    <Button variant={variant} onClick={() => (size === undefined ? void start() : running.current?.abort())}>
      <Download className="size-4" aria-hidden="true" />
      {size === undefined ? w.exportCsv : `${w.stop} · ${f.bytes(size)}`}
    </Button>
  );
}
