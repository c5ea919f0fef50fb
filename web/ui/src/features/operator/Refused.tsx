import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useToast } from "../../components/Announce";
import { Button } from "../../components/Button";
import { DataTable } from "../../components/DataTable";
import { Modal, ModalButtons } from "../../components/Modal";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { ingestWords } from "../../lib/i18n/pages/ingest";
import { read, rest, type Schema } from "../../lib/rest";
import { Long, Paged } from "./Paged";
import { Section } from "./Page";

/** What is to be replayed: a line, or all of a cause. */
type Target = { ids: number[]; name: string; count: number } | { cause: string; name: string; count: number };

/** Refused lines: by cause, each, and tried again. */
export function Refused({ zone }: { zone: string }) {
  const { f } = useWords();
  const w = usePageWords(ingestWords);
  const at = (s: string) => f.instant(s, zone);
  const [target, setTarget] = useState<Target>();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["rejected-causes"],
    queryFn: ({ signal }) => read(rest.GET("/v1/ingest/rejected/causes", { signal })),
  });
  return (
    <>
      <Section title={w.causes} note={w.causesNote}>
        {isPending ? (
          <Skeleton className="h-24 w-full" />
        ) : error ? (
          <Failed error={error} onRetry={() => void refetch()} />
        ) : data.items.length === 0 ? (
          <NothingYet title={w.noRejected} text={w.clean} />
        ) : (
          <DataTable
            caption={w.causes}
            columns={[{ label: w.cause }, { label: w.lines, end: true }, { label: w.reason }, { label: w.lastAt }, { label: w.again, end: true }]}
            rows={data.items.map((c) => ({
              key: c.cause,
              cells: [
                <Long key="c" text={c.cause} />,
                f.count(c.count),
                <Long key="e" text={c.example} />,
                at(c.lastAt),
                <Button key="r" disabled={c.whole === 0} onClick={() => setTarget({ cause: c.cause, name: c.cause, count: c.whole })}>
                  {w.replay(f.count(c.whole))}
                </Button>,
              ],
            }))}
          />
        )}
      </Section>
      <Paged<Schema["RejectedLine"]>
        title={w.rejected}
        path="/v1/ingest/rejected"
        none={w.noRejected}
        columns={[w.source, w.line, w.reason, w.tries, w.arrived, w.again]}
        row={(l) => ({
          key: String(l.id),
          cells: [
            <Long key="s" text={l.source} />,
            l.line,
            <Long key="r" text={[l.field, l.reason].filter(Boolean).join(": ")} />,
            f.count(l.tries),
            at(l.arrived),
            l.whole ? (
              <Button key="b" onClick={() => setTarget({ ids: [l.id], name: `${l.source}, ${l.line}`, count: 1 })}>
                {w.replayOne}
              </Button>
            ) : (
              w.inPart
            ),
          ],
        })}
      />
      {target && <Confirm target={target} onClose={() => setTarget(undefined)} />}
    </>
  );
}

/** Asks first, and says what became of the lines. */
function Confirm({ target, onClose }: { target: Target; onClose: () => void }) {
  const { t, f } = useWords();
  const w = usePageWords(ingestWords);
  const queries = useQueryClient();
  const toast = useToast();
  const replay = useMutation({
    mutationFn: () => read(rest.POST("/v1/ingest/replays", { body: "ids" in target ? { ids: target.ids } : { cause: target.cause } })),
    onSuccess: (done) => {
      toast({ text: w.replayed(f.count(done.accepted), f.count(done.duplicate), f.count(done.rejected)) + (done.left > 0 ? ` ${w.left(f.count(done.left))}` : "") });
      onClose();
    },
    onSettled: () => Promise.all([["rejected-causes"], ["/v1/ingest/rejected"], ["/v1/ingest/waiting"], ["actions"]].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
  return (
    <Modal open onClose={onClose} title={w.replayTitle(f.count(target.count))} text={w.replayText}>
      <p className="mt-3 text-sm wrap-anywhere">{target.name}</p>
      {replay.error && (
        <p role="alert" className="mt-3 text-sm text-down">
          {replay.error.message}
        </p>
      )}
      <ModalButtons>
        <Button onClick={onClose}>{t.app.close}</Button>
        <Button variant="primary" aria-disabled={replay.isPending} onClick={() => !replay.isPending && replay.mutate()}>
          {w.replay(f.count(target.count))}
        </Button>
      </ModalButtons>
    </Modal>
  );
}
