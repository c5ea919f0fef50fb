import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Skeleton } from "../../components/Skeleton";
import { Failed } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { termsWords } from "../../lib/i18n/pages/terms";
import { read, rest, type Schema } from "../../lib/rest";
import { Section } from "../operator/Page";
import { Change } from "./Change";
import { Versions } from "./Versions";

const stale = ["rules"];

/** The commission rules: what is in force, what was, what is to come. */
export function Rules({ zone }: { zone: string }) {
  const { f } = useWords();
  const w = usePageWords(termsWords);
  const [changing, setChanging] = useState(false);
  const { data, error, isPending, refetch } = useQuery({ queryKey: stale, queryFn: ({ signal }) => read(rest.GET("/v1/operator/rules", { signal })) });
  if (isPending) return <Skeleton className="h-48 w-full rounded-lg" />;
  if (error)
    return (
      <div className="card">
        <Failed error={error} onRetry={() => void refetch()} />
      </div>
    );
  const now = data.items.find((v) => v.inForce)?.value ?? data.defaults;
  return (
    <Section title={w.rules}>
      <dl className="grid grid-cols-2 gap-3 text-sm @2xl:grid-cols-4">
        {(
          [
            [w.mode, w.modes[now.mode] ?? now.mode],
            [w.levels, f.count(now.levels)],
            [w.spotVipMax, f.count(now.spotVipMax)],
            [w.futuresVipMax, f.count(now.futuresVipMax)],
            ...(now.mode === "fixed_override" ? [[w.spotOverride, f.rate(now.spotOverrideRate)], [w.futuresOverride, f.rate(now.futuresOverrideRate)]] : []),
          ] as [string, string][]
        ).map(([label, value]) => (
          <div key={label}>
            <dt className="text-ink-2">{label}</dt>
            <dd className="font-medium tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      <Button className="my-3" onClick={() => setChanging(true)}>
        {w.change}
      </Button>
      {data.items.length === 0 ? (
        <p className="text-sm text-ink-2">{w.defaults}</p>
      ) : (
        <Versions
          caption={w.rules}
          zone={zone}
          items={data.items}
          columns={[w.mode, w.levels, w.spotVipMax, w.futuresVipMax, w.spotOverride, w.futuresOverride]}
          cells={({ value: v }) => [w.modes[v.mode] ?? v.mode, v.levels, v.spotVipMax, v.futuresVipMax, f.rate(v.spotOverrideRate), f.rate(v.futuresOverrideRate)]}
        />
      )}
      {changing && <RulesChange now={now} onClose={() => setChanging(false)} />}
    </Section>
  );
}

function RulesChange({ now, onClose }: { now: Schema["Rules"]; onClose: () => void }) {
  const w = usePageWords(termsWords);
  return (
    <Change
      title={w.changeOf(w.rules)}
      stale={stale}
      onClose={onClose}
      inputs={[
        { name: "mode", label: w.mode, kind: "choice", value: now.mode, options: Object.entries(w.modes) },
        { name: "levels", label: w.levels, hint: w.levelsHint, kind: "level", value: String(now.levels) },
        { name: "spotVipMax", label: w.spotVipMax, hint: w.vipHint, kind: "level", value: String(now.spotVipMax) },
        { name: "futuresVipMax", label: w.futuresVipMax, hint: w.vipHint, kind: "level", value: String(now.futuresVipMax) },
        { name: "spotOverrideRate", label: w.spotOverride, kind: "rate", value: now.spotOverrideRate },
        { name: "futuresOverrideRate", label: w.futuresOverride, kind: "rate", value: now.futuresOverrideRate },
      ]}
      send={(v, effectiveAt, key) =>
        read(
          rest.POST("/v1/operator/rules", {
            params: { header: { "Idempotency-Key": key } },
            body: {
              mode: v.mode as "differential" | "fixed_override", levels: Number(v.levels), spotVipMax: Number(v.spotVipMax), futuresVipMax: Number(v.futuresVipMax),
              spotOverrideRate: v.spotOverrideRate, futuresOverrideRate: v.futuresOverrideRate, effectiveAt,
            },
          }),
        )
      }
    />
  );
}
