import { useMutation, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { SelectField } from "../../components/Field";
import { Skeleton } from "../../components/Skeleton";
import { Failed } from "../../components/states";
import { api } from "../../lib/api";
import { useReason } from "../../lib/copy";
import { sign } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { tasksWords } from "../../lib/i18n/pages/tasks";
import { amount, termsOf, type Preview, type Simulation, type Spec } from "./data";

/** How long a worst case and a balance may be looked at before they are asked for again. */
const goodFor = 5 * 60_000;

interface Props {
  spec: Spec;
  preview: UseQueryResult<Preview>;
  zone: string;
  busy: boolean;
  onConfirm: () => void;
}

/** What is about to be created and what it costs; the button says the exact amount. */
export function Confirm({ spec, preview, zone, busy, onConfirm }: Props) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const { data, error, dataUpdatedAt, isFetching, refetch } = preview;
  const expired = useExpired(dataUpdatedAt);
  if (error && !data) return <Failed error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-80 w-full" />;
  const short = sign(data.missing) > 0;
  const named = data.targets.slice(0, 6).map((p) => String(p.uid));
  return (
    <div className="space-y-5">
      <div>
        <h3 className="text-sm font-medium">{w.wizard.summary}</h3>
        <dl className="mt-2 space-y-2 text-sm">
          <Line name={w.participants}>
            {f.count(data.count)}: {named.join(", ")}
            {data.count > named.length && ` ${w.wizard.more(f.count(data.count - named.length))}`}
          </Line>
          <Line name={w.types[spec.type] ?? ""}>
            {termsOf(spec, f, w)}
            {spec.tiers && (
              <ul className="mt-1 text-ink-2">
                {spec.tiers.map((t) => (
                  <li key={t.threshold}>
                    {w.threshold} {amount(spec, t.threshold, f, w)}: {f.moneyShort(t.reward)} USDT
                  </li>
                ))}
              </ul>
            )}
          </Line>
          <Line name={w.window}>
            {f.days({ from: `${spec.start}T00:00:00Z`, to: `${spec.end}T00:00:00Z` }, "UTC")} ({zone})
          </Line>
          <Line name={w.settles}>{w.settlesAt(f.instant(data.settlesAt, zone))}</Line>
        </dl>
      </div>
      <Simulate spec={spec} />
      <dl className="grid grid-cols-1 gap-4 rounded-md bg-sunken p-4 sm:grid-cols-3">
        <Amount name={w.wizard.worst} value={data.worstCase} strong />
        <Amount name={w.wizard.balance} value={data.balanceBefore} />
        <Amount name={w.wizard.after} value={data.balanceAfter} warn={short} />
      </dl>
      {short && (
        <p role="alert" className="rounded-md border border-down bg-danger-soft px-4 py-3 text-sm">
          {w.wizard.missing(f.money(data.missing))}
        </p>
      )}
      {expired ? (
        <div className="flex flex-wrap items-center justify-end gap-3">
          <p className="text-sm text-ink-2">{w.wizard.expired}</p>
          <Button variant="primary" onClick={() => void refetch()} aria-disabled={isFetching}>{w.wizard.again}</Button>
        </div>
      ) : (
        <div className="flex flex-wrap justify-end gap-2">
          {short && <Button onClick={() => void refetch()} aria-disabled={isFetching}>{w.wizard.again}</Button>}
          <Button variant="primary" disabled={short} aria-disabled={busy} onClick={onConfirm}>
            {busy ? w.wizard.confirming : w.wizard.confirm(f.money(data.worstCase))}
          </Button>
        </div>
      )}
    </div>
  );
}

const Line = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="grid gap-x-3 sm:grid-cols-[9rem_1fr]">
    <dt className="text-ink-2">{name}</dt>
    <dd className="min-w-0 wrap-anywhere tabular-nums">{children}</dd>
  </div>
);

function Amount({ name, value, strong = false, warn = false }: { name: string; value: string; strong?: boolean; warn?: boolean }) {
  const { f } = useWords();
  return (
    <div className="min-w-0">
      <dt className="text-xs text-ink-2">{name}, USDT</dt>
      <dd className={`wrap-anywhere tabular-nums ${strong ? "text-lg font-semibold tracking-tight" : "text-base"} ${warn ? "text-down" : ""}`}>{f.money(value)}</dd>
    </div>
  );
}

function Simulate({ spec }: { spec: Spec }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const reason = useReason();
  const [days, setDays] = useState("30");
  const run = useMutation({ mutationFn: () => api.post<Simulation>("/v1/tasks/simulate", { ...spec, days: Number(days) }) });
  const got = run.data;
  return (
    <section className="rounded-md border border-line p-4" aria-labelledby="simulate">
      <div className="flex flex-wrap items-end justify-between gap-3">
        <div>
          <h3 id="simulate" className="text-sm font-medium">{w.wizard.simulate}</h3>
          <p className="text-xs text-ink-2">{w.wizard.simulateText}</p>
        </div>
        <div className="flex items-end gap-2">
          <SelectField label={w.window} value={days} onChange={(e) => setDays(e.target.value)} options={["7", "30", "90"].map((d) => [d, w.wizard.lastDays(d)] as const)} />
          <Button onClick={() => run.mutate()} aria-disabled={run.isPending}>{w.wizard.run}</Button>
        </div>
      </div>
      <div aria-live="polite">
        {run.error && <p className="mt-3 text-sm text-down">{reason(run.error)}</p>}
        {got && (
          <>
            <dl className="mt-3 grid grid-cols-2 gap-4 border-t border-line pt-3">
              <Amount name={w.wizard.simCost} value={got.cost} strong />
              <div>
                <dt className="text-xs text-ink-2">{w.wizard.simQualified}</dt>
                <dd className="text-lg font-semibold tabular-nums">{w.wizard.simQualifiedOf(f.count(got.qualified), f.count(got.participants))}</dd>
              </div>
            </dl>
            <ul className="mt-2 divide-y divide-line text-sm">
              {got.rows.slice(0, 5).map((r) => (
                <li key={r.uid} className="flex justify-between gap-3 py-1.5 tabular-nums">
                  <span>{r.uid} <span className="text-ink-2">· {amount(spec, r.progress, f, w)}</span></span>
                  <span>{f.moneyShort(r.paid)} USDT</span>
                </li>
              ))}
            </ul>
            <p className="mt-1 text-xs text-ink-2">{f.range({ from: got.from, to: got.to }, "UTC")}</p>
          </>
        )}
      </div>
    </section>
  );
}

function useExpired(since: number): boolean {
  const [expired, setExpired] = useState<number>();
  useEffect(() => {
    const id = setTimeout(() => setExpired(since), Math.max(since + goodFor - Date.now(), 0));
    return () => clearTimeout(id);
  }, [since]);
  return expired === since;
}
