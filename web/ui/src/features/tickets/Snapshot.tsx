import { useWords } from "../../lib/i18n";
import { Fact, Facts, Section, Tag } from "../assistant/cards/Section";
import type { Detail, ToolCall } from "./queries";
import { useText } from "./words";

/** The moment at which the ticket was opened: the partner's figures, and what the assistant had looked up. */
export function Snapshot({ snapshot, zone }: { snapshot: Detail["snapshot"]; zone: string }) {
  const w = useText();
  const { t, f } = useWords();
  const { figures } = snapshot;
  const calls = snapshot.calls ?? [];
  const disputed = new Set((snapshot.disputed ?? []).map((c) => JSON.stringify(c)));
  return (
    <section aria-label={w.snapshot} className="card min-w-0 space-y-4 p-5">
      <div>
        <h2 className="font-medium">{w.snapshot}</h2>
        <p className="mt-0.5 text-sm text-ink-2">{f.instant(snapshot.takenAt, zone)}</p>
      </div>
      <Section title={w.figures}>
        {figures ? (
          <Facts>
            {Object.entries(figures.current).map(([name, now]) => (
              <Fact key={name} name={(t.metrics as Record<string, string | undefined>)[name] ?? name}>
                <span className="block font-medium">{f.figureShort(name, now)}</span>
                <span className="text-xs text-ink-2">{figures.previous[name] === undefined ? "" : f.figureShort(name, figures.previous[name])}</span>
              </Fact>
            ))}
          </Facts>
        ) : (
          <p className="text-sm text-ink-2">{w.noFigures}</p>
        )}
      </Section>
      <Section title={w.calls}>
        {calls.length === 0 ? (
          <p className="text-sm text-ink-2">{w.noCalls}</p>
        ) : (
          <ul className="space-y-2">
            {calls.map((c, i) => (
              <li key={i}>
                <LookedUp call={c} disputed={disputed.has(JSON.stringify(c))} />
              </li>
            ))}
          </ul>
        )}
      </Section>
    </section>
  );
}

function LookedUp({ call, disputed }: { call: ToolCall; disputed: boolean }) {
  const w = useText();
  return (
    <details className="rounded-md border border-line p-3 text-sm">
      <summary className="min-h-6 font-medium wrap-anywhere">
        {call.name} {disputed && <Tag tone="warn">{w.disputed}</Tag>}
      </summary>
      <Json name={w.args} value={call.args} />
      <Json name={w.result} value={call.result} />
    </details>
  );
}

const Json = ({ name, value }: { name: string; value: unknown }) => (
  <div className="mt-2">
    <p className="text-xs text-ink-2">{name}</p>
    <pre tabIndex={0} aria-label={name} className="mt-1 max-h-64 overflow-auto rounded-md bg-sunken p-2 text-xs whitespace-pre-wrap wrap-anywhere">
      {JSON.stringify(value, null, 2)}
    </pre>
  </div>
);
