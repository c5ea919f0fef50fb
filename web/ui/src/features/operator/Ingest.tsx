import { useRouteContext } from "@tanstack/react-router";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { ingestWords } from "../../lib/i18n/pages/ingest";
import type { Schema } from "../../lib/rest";
import type { WaitingEvent } from "./contract";
import { Health } from "./Health";
import { Long, Paged } from "./Paged";
import { Page } from "./Page";
import { Refused } from "./Refused";

/** What the ingest could not apply, and what operators did about it. */
export function Ingest() {
  const { t, f } = useWords();
  const w = usePageWords(ingestWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const at = (s: string) => f.instant(s, session.zone);
  return (
    <Page title={t.operator.ingest.title} text={w.text}>
      <Health zone={session.zone} />
      <Paged<WaitingEvent>
        title={w.waiting}
        path="/v1/ingest/waiting"
        none={w.noWaiting}
        columns={[w.id, w.type, w.uid, w.waitsFor, w.at, w.arrived]}
        row={(e) => ({ key: e.id, cells: [<Long key="id" text={e.id} />, e.type, e.uid, e.waitsFor, at(e.time), at(e.arrived)] })}
      />
      <Refused zone={session.zone} />
      <Paged<Schema["Action"]>
        title={w.actions}
        path="/v1/operator/actions"
        none={w.noActions}
        noneText={w.noActionsText}
        columns={[w.at, w.by, w.action, w.subject, w.detail]}
        row={(a) => ({
          key: String(a.id),
          cells: [at(a.at), a.by === 0 ? w.commandLine : a.by, w.did[a.action] ?? a.action, <Long key="s" text={a.subject} />, <Long key="d" text={Object.entries(a.detail).map(([k, v]) => `${k} ${String(v)}`).join(", ")} />],
        })}
      />
    </Page>
  );
}
