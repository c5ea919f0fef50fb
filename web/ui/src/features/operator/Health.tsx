import { useQuery } from "@tanstack/react-query";
import { SeriesChart } from "../../components/chart/SeriesChart";
import { DataTable } from "../../components/DataTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { ingestWords } from "../../lib/i18n/pages/ingest";
import { read, rest } from "../../lib/rest";
import { Long } from "./Paged";
import { Section } from "./Page";

/** How far behind the ingest is, by sender, and what came in over the last hour. */
export function Health({ zone }: { zone: string }) {
  const { f } = useWords();
  const w = usePageWords(ingestWords);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["ingest-health"],
    queryFn: ({ signal }) => read(rest.GET("/v1/operator/health", { signal })),
    refetchInterval: 15_000,
  });
  if (isPending) return <Skeleton className="h-96 w-full rounded-lg" />;
  if (error)
    return (
      <div className="card">
        <Failed error={error} onRetry={() => void refetch()} />
      </div>
    );
  const long = (seconds: number) => {
    if (seconds < 120) return w.seconds(f.count(seconds));
    if (seconds < 7200) return w.minutes(f.count(Math.round(seconds / 60)));
    return seconds < 172_800 ? w.hours(f.count(Math.round(seconds / 3600))) : w.days(f.count(Math.round(seconds / 86_400)));
  };
  const points = data.minutes.map((m) => ({ key: m.at, label: f.bucket(m.at, "hour", zone), long: f.bucket(m.at, "hour", zone, true), current: m.accepted }));
  return (
    <Section title={w.lag} note={w.asOf(f.stamp(data.asOf, zone))}>
      <dl className="grid grid-cols-1 gap-3 @md:grid-cols-3">
        <Figure name={w.unfolded} value={f.count(data.unfolded)} note={w.unfoldedNote} />
        <Figure name={w.waiting} value={f.count(data.waiting)} note={data.oldestWaiting ? w.waitingNote(f.instant(data.oldestWaiting, zone)) : w.none} />
        <Figure name={w.refusedNow} value={f.count(data.rejected)} note={w.refusedNote(f.count(data.rejectedLastHour))} />
      </dl>
      <h3 className="mt-4 text-sm font-medium">{w.senders}</h3>
      {data.sources.length === 0 ? (
        <p className="text-sm text-ink-2">{w.noSenders}</p>
      ) : (
        <DataTable
          caption={w.senders}
          className="max-h-72"
          columns={[{ label: w.source }, { label: w.lastArrived }, { label: w.age, end: true }, { label: w.lastEvent }, { label: w.delay, end: true }, { label: `${w.acceptedIn}, ${w.lastHour}`, end: true }, { label: `${w.refusedIn}, ${w.lastHour}`, end: true }]}
          rows={data.sources.map((s) => ({
            key: s.source,
            cells: [
              <Long key="s" text={s.source} />,
              f.stamp(s.lastArrived, zone),
              long(s.ageSeconds),
              s.lastEventAt ? f.stamp(s.lastEventAt, zone) : w.none,
              s.delaySeconds === undefined ? "–" : long(s.delaySeconds),
              f.count(s.accepted),
              f.count(s.rejected),
            ],
          }))}
        />
      )}
      <div className="mt-4">
        <h3 className="text-sm font-medium">{w.perMinute}</h3>
        <SeriesChart title={w.perMinute} metric="trades" by={w.minute} points={points} names={{ current: w.acceptedIn }} className="h-32" />
      </div>
    </Section>
  );
}

const Figure = ({ name, value, note }: { name: string; value: string; note: string }) => (
  <div className="min-w-0">
    <dt className="text-sm text-ink-2">{name}</dt>
    <dd>
      <span className="text-xl font-semibold tracking-tight tabular-nums">{value}</span>
      <span className="block text-xs text-ink-2 tabular-nums">{note}</span>
    </dd>
  </div>
);
