import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type SyntheticEvent } from "react";
import { Button } from "../../components/Button";
import { SelectField, TextField } from "../../components/Field";
import { Skeleton } from "../../components/Skeleton";
import { Failed } from "../../components/states";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { termsWords } from "../../lib/i18n/pages/terms";
import { read, rest } from "../../lib/rest";
import { Section } from "../operator/Page";
import { Change } from "./Change";
import { Versions } from "./Versions";

export type TermsKind = "partner" | "account" | "code";

/** The terms of a partner, an account or a code, found by its name. What is looked at is in the URL. */
export function Lookup({ zone }: { zone: string }) {
  const w = usePageWords(termsWords);
  const { kind = "partner", of = "" } = useSearch({ from: "/signed-in/terms" });
  const navigate = useNavigate({ from: "/terms" });
  const [draft, setDraft] = useState({ kind, of });
  const [wrong, setWrong] = useState<string>();
  const submit = (e: SyntheticEvent) => {
    e.preventDefault();
    const name = draft.of.trim();
    const bad = draft.kind !== "code" && !/^[1-9]\d{0,17}$/.test(name);
    setWrong(bad ? w.wrongUid : undefined);
    if (!bad && name) void navigate({ search: (s) => ({ ...s, kind: draft.kind, of: name }) });
  };
  return (
    <Section title={w.rates}>
      <form noValidate onSubmit={submit} className="flex flex-wrap items-start gap-3">
        <SelectField className="w-64" label={w.whose} value={draft.kind} onChange={(e) => setDraft((d) => ({ ...d, kind: e.target.value as TermsKind }))} options={Object.entries(w.kinds)} />
        <TextField className="w-48" label={draft.kind === "code" ? w.code : w.uid} value={draft.of} onChange={(e) => setDraft((d) => ({ ...d, of: e.target.value }))} error={wrong} />
        <Button type="submit" className="mt-6">
          {w.show}
        </Button>
      </form>
      {of && <div className="mt-4">{kind === "partner" ? <Partner key={of} uid={Number(of)} zone={zone} /> : kind === "account" ? <Account key={of} uid={Number(of)} zone={zone} /> : <Code key={of} code={of} zone={zone} />}</div>}
    </Section>
  );
}

const header = (key: string) => ({ "Idempotency-Key": key });

function Partner({ uid, zone }: { uid: number; zone: string }) {
  const { f } = useWords();
  const w = usePageWords(termsWords);
  const stale = ["partner-rates", uid];
  const [changing, setChanging] = useState(false);
  const { data, error, isPending, refetch } = useQuery({ queryKey: stale, queryFn: ({ signal }) => read(rest.GET("/v1/operator/partners/{uid}/rates", { params: { path: { uid } }, signal })) });
  if (isPending) return <Skeleton className="h-32 w-full" />;
  if (error) return <Failed error={error} onRetry={() => void refetch()} />;
  const now = (data.items.find((v) => v.inForce) ?? data.items[0])?.value;
  return (
    <>
      <Versions
        caption={w.kinds.partner ?? ""}
        zone={zone}
        items={data.items}
        columns={[w.spotRate, w.futuresRate, w.bd]}
        cells={({ value: v }) => [`${f.rate(v.spotRate)}${v.enrolled ? ` (${w.enrolled})` : ""}`, f.rate(v.futuresRate), v.bdUid ?? w.unchanged]}
      />
      <Button className="mt-3" onClick={() => setChanging(true)}>
        {w.change}
      </Button>
      {changing && now && (
        <Change
          title={w.changeOf(`${uid}`)}
          stale={stale}
          onClose={() => setChanging(false)}
          inputs={[
            { name: "spotRate", label: w.spotRate, kind: "rate", value: now.spotRate },
            { name: "futuresRate", label: w.futuresRate, kind: "rate", value: now.futuresRate },
          ]}
          send={(v, effectiveAt, key) =>
            read(rest.POST("/v1/operator/partners/{uid}/rates", { params: { path: { uid }, header: header(key) }, body: { spotRate: v.spotRate ?? "", futuresRate: v.futuresRate ?? "", effectiveAt } }))
          }
        />
      )}
    </>
  );
}

function Account({ uid, zone }: { uid: number; zone: string }) {
  const w = usePageWords(termsWords);
  const stale = ["vip-levels", uid];
  const [changing, setChanging] = useState(false);
  const { data, error, isPending, refetch } = useQuery({ queryKey: stale, queryFn: ({ signal }) => read(rest.GET("/v1/operator/accounts/{uid}/vip", { params: { path: { uid } }, signal })) });
  if (isPending) return <Skeleton className="h-32 w-full" />;
  if (error) return <Failed error={error} onRetry={() => void refetch()} />;
  const now = data.items.find((v) => v.inForce)?.value;
  return (
    <>
      {data.items.length === 0 ? (
        <p className="text-sm text-ink-2">{w.noVip}</p>
      ) : (
        <Versions caption={w.kinds.account ?? ""} zone={zone} items={data.items} columns={[w.spotLevel, w.futuresLevel]} cells={({ value: v }) => [v.spotLevel, v.futuresLevel]} />
      )}
      <Button className="mt-3" onClick={() => setChanging(true)}>
        {w.change}
      </Button>
      {changing && (
        <Change
          title={w.changeOf(`${uid}`)}
          stale={stale}
          onClose={() => setChanging(false)}
          inputs={[
            { name: "spotLevel", label: w.spotLevel, kind: "level", value: String(now?.spotLevel ?? 0) },
            { name: "futuresLevel", label: w.futuresLevel, kind: "level", value: String(now?.futuresLevel ?? 0) },
          ]}
          send={(v, effectiveAt, key) =>
            read(rest.POST("/v1/operator/accounts/{uid}/vip", { params: { path: { uid }, header: header(key) }, body: { spotLevel: Number(v.spotLevel), futuresLevel: Number(v.futuresLevel), effectiveAt } }))
          }
        />
      )}
    </>
  );
}

function Code({ code, zone }: { code: string; zone: string }) {
  const { f } = useWords();
  const w = usePageWords(termsWords);
  const stale = ["code-rebates", code];
  const [changing, setChanging] = useState(false);
  const { data, error, isPending, refetch } = useQuery({ queryKey: stale, queryFn: ({ signal }) => read(rest.GET("/v1/operator/codes/{code}/rebates", { params: { path: { code } }, signal })) });
  if (isPending) return <Skeleton className="h-32 w-full" />;
  if (error) return <Failed error={error} onRetry={() => void refetch()} />;
  // A version says only what it changed: what is in force is the latest that says it.
  const inForce = data.items.slice(Math.max(0, data.items.findIndex((v) => v.inForce)));
  const latest = (name: "spotRebateRate" | "futuresRebateRate") => inForce.find((v) => v.value[name] !== undefined)?.value[name] ?? "0";
  const rate = (v?: string) => (v === undefined ? w.unchanged : f.rate(v));
  return (
    <>
      <p className="mb-2 text-sm text-ink-2">{w.owner(String(data.owner))}</p>
      <Versions
        caption={w.kinds.code ?? ""}
        zone={zone}
        items={data.items}
        columns={[w.spotRebate, w.futuresRebate]}
        cells={({ value: v }) => [v.created ? `${f.rate(v.spotRebateRate ?? "0")} (${w.created})` : rate(v.spotRebateRate), v.created ? f.rate(v.futuresRebateRate ?? "0") : rate(v.futuresRebateRate)]}
      />
      <Button className="mt-3" onClick={() => setChanging(true)}>
        {w.change}
      </Button>
      {changing && (
        <Change
          title={w.changeOf(code)}
          stale={stale}
          onClose={() => setChanging(false)}
          inputs={[
            { name: "spotRebateRate", label: w.spotRebate, kind: "rate", value: latest("spotRebateRate") },
            { name: "futuresRebateRate", label: w.futuresRebate, kind: "rate", value: latest("futuresRebateRate") },
          ]}
          send={(v, effectiveAt, key) =>
            read(rest.POST("/v1/operator/codes/{code}/rebates", { params: { path: { code }, header: header(key) }, body: { spotRebateRate: v.spotRebateRate, futuresRebateRate: v.futuresRebateRate, effectiveAt } }))
          }
        />
      )}
    </>
  );
}
