import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouteContext } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useToast } from "../../components/Announce";
import { Button, buttonClass } from "../../components/Button";
import { PageHead } from "../../components/PageHead";
import { Skeleton } from "../../components/Skeleton";
import { api, ApiError } from "../../lib/api";
import { useReason } from "../../lib/copy";
import { fromMicro } from "../../lib/decimal";
import { useDraft } from "../../lib/draft";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { tasksWords } from "../../lib/i18n/pages/tasks";
import { today as todayIn } from "../../lib/period";
import { fundQuery } from "../../lib/queries";
import { perHead, previewQuery, type TaskDetail } from "./data";
import { newDraft, probe, specOf, stepOf, targetsOf, wrongIn, type Draft, type Wrong } from "./draft";
import { Confirm } from "./Confirm";
import { What, When, Who } from "./steps";

/** The wizard: who, what, when, and what it costs at most. */
export function NewTask() {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const c = usePageWords(commonWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toast = useToast();
  const reason = useReason();
  const [today] = useState(() => todayIn(session.zone));
  const [draft, setDraft, dropDraft] = useDraft(`task.${session.uid}`, newDraft(today));
  const [wrong, setWrong] = useState<Wrong>({});
  const summary = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const set = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part }));

  const targets = targetsOf(draft);
  // Who qualifies is asked for once the typing has stopped.
  const settled = useSettled(JSON.stringify(targets ?? null));
  const asked = JSON.parse(settled) as typeof targets | null;
  const who = useQuery({ ...previewQuery(probe(asked ?? {}, today)), enabled: !!asked });
  const spec = specOf(draft, today, w, f);
  const preview = useQuery({ ...previewQuery(spec ?? probe({}, today)), enabled: draft.step === 3 && !!spec, staleTime: 0, refetchOnWindowFocus: false });

  const create = useMutation({
    mutationFn: () => api.post<TaskDetail>("/v1/tasks", spec, draft.key),
    onSuccess: ({ task }) => {
      dropDraft();
      void queries.invalidateQueries({ queryKey: ["tasks"] });
      void queries.invalidateQueries({ queryKey: ["fund"] });
      toast({ text: w.wizard.made });
      void navigate({ to: "/tasks/$id", params: { id: String(task.id) }, replace: true });
    },
    onError: (e) => {
      const field = e instanceof ApiError ? e.field : undefined;
      if (field && stepOf(field) < 3) {
        set({ step: stepOf(field), key: crypto.randomUUID() });
        setWrong({ [field.startsWith("targets") ? "uids" : field]: reason(e) });
        setTimeout(() => summary.current?.focus());
      } else {
        setWrong({ form: reason(e) });
        if (e instanceof ApiError && e.status > 0) set({ key: crypto.randomUUID() });
        void preview.refetch();
        setTimeout(() => summary.current?.focus());
      }
    },
  });

  const toStep = (step: number) => {
    setWrong({});
    set({ step });
    setTimeout(() => heading.current?.focus());
  };
  const next = () => {
    const found = wrongIn(draft.step, draft, today, w, f);
    if (draft.step === 0 && Object.keys(found).length === 0 && who.error instanceof ApiError && who.error.status === 422) found.uids = who.error.message;
    if (draft.step === 0 && who.data?.count === 0) found.uids = w.wizard.nobody;
    setWrong(found);
    if (Object.keys(found).length === 0) toStep(draft.step + 1);
    else setTimeout(() => summary.current?.focus());
  };

  const names = w.wizard.steps;
  const messages = Object.entries(wrong);
  return (
    <>
      <PageHead
        title={w.newTask}
        sub={w.wizard.draftKept}
        back={(icon) => (
          <Link to="/tasks" aria-label={w.toTasks} title={w.toTasks} className="-ms-2 grid size-9 shrink-0 place-items-center rounded-md text-ink-2 hover:bg-sunken hover:text-ink">
            {icon}
          </Link>
        )}
      />
      <ol className="mt-5 flex gap-2">
        {names.map((name, i) => (
          <li key={name} aria-current={i === draft.step ? "step" : undefined} className="min-w-0 flex-1">
            <span aria-hidden="true" className={`block h-1.5 rounded-full ${i <= draft.step ? "bg-accent" : "bg-line"}`} />
            <button type="button" disabled={i >= draft.step} onClick={() => toStep(i)} className={`mt-1 min-h-7 max-w-full truncate rounded-sm text-sm font-medium ${i === draft.step ? "text-accent" : i < draft.step ? "text-ink-2 hover:underline" : "text-ink-2"}`}>
              {i + 1}. {name}
            </button>
          </li>
        ))}
      </ol>
      <div className="mt-4 grid items-start gap-4 xl:grid-cols-[1fr_18rem]">
        <section className="card min-w-0 p-4 sm:p-6" aria-labelledby="step">
          <h2 id="step" ref={heading} tabIndex={-1} className="text-lg font-semibold tracking-tight outline-none">
            {names[draft.step]}
            <span className="sr-only">, {w.wizard.step(f.count(draft.step + 1), f.count(names.length))}</span>
          </h2>
          {messages.length > 0 && (
            <div ref={summary} tabIndex={-1} role="alert" className="mt-3 rounded-md border border-down bg-danger-soft px-4 py-3 text-sm">
              <p className="font-medium text-down">{c.errors(messages.length)}</p>
              <ul className="mt-1 list-disc ps-5">
                {messages.map(([field, text]) => (
                  <li key={field}>
                    {field === "form" ? text : (
                      <a href={`#field-${field}`} className="underline" onClick={(e) => { e.preventDefault(); document.getElementById(`field-${field}`)?.focus(); }}>
                        {text}
                      </a>
                    )}
                  </li>
                ))}
              </ul>
            </div>
          )}
          <div className="mt-4">
            {draft.step === 0 && <Who draft={draft} set={set} wrong={wrong} who={who} />}
            {draft.step === 1 && <What draft={draft} set={set} wrong={wrong} />}
            {draft.step === 2 && <When draft={draft} set={set} wrong={wrong} zone={session.zone} today={today} />}
            {draft.step === 3 && spec && <Confirm spec={spec} preview={preview} zone={session.zone} busy={create.isPending} onConfirm={() => !create.isPending && !create.isSuccess && create.mutate()} />}
          </div>
          <div className="mt-6 flex flex-wrap items-center justify-between gap-2 border-t border-line pt-4">
            <Link to="/tasks" onClick={dropDraft} className={buttonClass("quiet")}>
              {w.wizard.discard}
            </Link>
            <span className="flex gap-2">
              {draft.step > 0 && <Button onClick={() => toStep(draft.step - 1)}>{w.wizard.back}</Button>}
              {draft.step < 3 && <Button variant="primary" onClick={next}>{w.wizard.next}</Button>}
            </span>
          </div>
        </section>
        {draft.step < 3 && <Budget draft={draft} count={who.data?.count} />}
      </div>
    </>
  );
}

/** The worst case as it stands, beside the steps. */
function Budget({ draft, count }: { draft: Draft; count?: number }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const { data: fund } = useQuery(fundQuery);
  const head = perHead(draft.type === "referral" ? { type: "referral", reward: draft.reward, maxRepeats: /^\d{1,6}$/.test(draft.maxRepeats) ? Number(draft.maxRepeats) : 0 } : { type: "trading", tiers: draft.tiers });
  return (
    <aside aria-label={w.wizard.worst} className="card p-4 sm:p-5">
      <p className="text-xs text-ink-2">
        {w.wizard.worst} <span className="text-ink-3">USDT</span>
      </p>
      <p className="text-xl font-semibold tracking-tight tabular-nums" aria-live="polite">
        {count === undefined ? "–" : f.money(fromMicro(head * BigInt(count)))}
      </p>
      <p className="text-xs text-ink-2">{w.wizard.worstText}</p>
      <dl className="mt-3 space-y-1.5 border-t border-line pt-3 text-sm">
        <Pair name={w.wizard.perHead} value={f.money(fromMicro(head))} />
        <Pair name={w.participants} value={count === undefined ? "–" : f.count(count)} />
        <Pair name={w.wizard.balance} value={fund ? f.moneyShort(fund.balance) : undefined} />
      </dl>
    </aside>
  );
}

const Pair = ({ name, value }: { name: string; value?: string }) => (
  <div className="flex items-baseline justify-between gap-3">
    <dt className="text-ink-2">{name}</dt>
    <dd className="tabular-nums">{value ?? <Skeleton className="h-5 w-16" />}</dd>
  </div>
);

/** A value that has not changed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const id = setTimeout(() => setSettled(value), 400);
    return () => clearTimeout(id);
  }, [value]);
  return settled;
}
