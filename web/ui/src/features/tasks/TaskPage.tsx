import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams, useRouteContext } from "@tanstack/react-router";
import { Bell, CalendarPlus, CircleX, Coins } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useToast } from "../../components/Announce";
import { Button, buttonClass } from "../../components/Button";
import { DataTable } from "../../components/DataTable";
import { TextField } from "../../components/Field";
import { Modal, ModalButtons } from "../../components/Modal";
import { PageHead } from "../../components/PageHead";
import { RecordTable, type Column } from "../../components/RecordTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { Tag } from "../../components/Tag";
import { api, ApiError } from "../../lib/api";
import { useReason } from "../../lib/copy";
import { sign } from "../../lib/format";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { tasksWords } from "../../lib/i18n/pages/tasks";
import { addDays } from "../../lib/period";
import { amount, taskQuery, termsOf, titleOf, tones, type Participant, type Task, type TaskDetail } from "./data";
import { ParticipantProgress } from "./MyProgress";
import { canTopUp, TopUp } from "./TopUp";

const day = 86_400_000;

/** One task: its terms, its money, and how far each participant is. */
export function TaskPage() {
  const { t, f } = useWords();
  const w = usePageWords(tasksWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const { id } = useParams({ from: "/signed-in/partner/tasks/$id" });
  const { data, error, refetch } = useQuery(taskQuery(id));
  const mine = data?.task.createdBy === session.uid;
  const missing = error instanceof ApiError && (error.status === 404 || error.status === 422);

  return (
    <>
      <PageHead
        title={data ? titleOf(data.task, w) : missing ? w.gone : t.pages.tasks}
        back={(icon) => (
          <Link to="/tasks" search={data && !mine ? { side: "assigned" } : {}} aria-label={w.toTasks} title={w.toTasks} className="-ms-2 grid size-9 shrink-0 place-items-center rounded-md text-ink-2 hover:bg-sunken hover:text-ink">
            {icon}
          </Link>
        )}
        badge={data && <Tag tone={tones[data.task.status]}>{w.states[data.task.status]}</Tag>}
        sub={data ? [w.types[data.task.type], f.range({ from: data.task.start, to: data.task.end }, session.zone), session.zone].join(" · ") : ""}
      >
        {data && mine && <Actions task={data.task} zone={session.zone} />}
      </PageHead>
      <div className="@container mt-5">
        {missing ? (
          <div className="card">
            <NothingYet title={w.gone} text={w.goneText}>
              <Link to="/tasks" className={buttonClass()}>{w.toTasks}</Link>
            </NothingYet>
          </div>
        ) : error && !data ? (
          <div className="card"><Failed error={error} onRetry={() => void refetch()} /></div>
        ) : data ? (
          <Detail data={data} zone={session.zone} mine={mine} />
        ) : (
          <div role="status" aria-label={t.states.loading}>
            <Skeleton className="h-28 w-full rounded-lg" />
            <Skeleton className="mt-4 h-64 w-full rounded-lg" />
          </div>
        )}
      </div>
    </>
  );
}

function Detail({ data, zone, mine }: { data: TaskDetail; zone: string; mine: boolean }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const { task, rows } = data;
  const own = task.mine ?? (mine ? undefined : rows[0]);
  return (
    <>
      {own && (
        <section className="card mb-4 p-4 sm:p-5">
          <ParticipantProgress task={task} mine={own} zone={zone} label={w.progress} />
        </section>
      )}
      {mine && (
        <dl className="card grid grid-cols-2 gap-4 p-4 sm:p-5 @xl:grid-cols-3 @4xl:grid-cols-6">
          {([["funded", task.funded], ["paid", task.paid], ["reserved", task.reserved], ["refunded", task.refunded]] as const).map(([k, v]) => (
            <Fact key={k} name={<>{w[k]} <span className="text-ink-3">USDT</span></>}><span title={f.money(v)}>{f.moneyShort(v)}</span></Fact>
          ))}
          <Fact name={w.participants}>{f.count(task.participants)}</Fact>
          <Fact name={w.completed}>{f.count(task.completed)}</Fact>
        </dl>
      )}
      {mine && task.review > 0 && (
        <p className="mt-4 rounded-md bg-warn px-4 py-2.5 text-sm text-warn-ink">
          {w.review}: {f.count(task.review)}. {w.reviewHint}.
        </p>
      )}
      <div className="mt-4 grid gap-4 @3xl:grid-cols-2">
        <section className="card min-w-0 p-4 sm:p-5" aria-labelledby="terms">
          <h2 id="terms" className="font-medium">{w.terms}</h2>
          <p className="mt-1 text-sm text-ink-2">{w.typeText[task.type]}</p>
          <dl className="mt-3 space-y-2 text-sm">
            <Line name={w.window}>{f.range({ from: task.start, to: task.end }, zone)} ({zone})</Line>
            <Line name={w.reward}>{termsOf(task, f, w)}</Line>
            <Line name={w.settles}>{w.settlesAt(f.instant(task.settlesAt, zone))}</Line>
            <Line name={w.created}>{f.instant(task.createdAt, zone)}</Line>
          </dl>
        </section>
        <section className="card min-w-0 p-4 sm:p-5" aria-labelledby="steps">
          <h2 id="steps" className="mb-2 font-medium">{w.steps}</h2>
          <Steps task={task} />
        </section>
      </div>
      {data.return && (
        <section className="card mt-4 p-4 sm:p-5" aria-labelledby="return">
          <h2 id="return" className="font-medium">{w.returned}</h2>
          <p className="text-xs text-ink-2">{w.returnText}</p>
          <dl className="mt-3 grid grid-cols-2 gap-4 @3xl:grid-cols-4">
            <Fact name={w.paid}>{f.moneyShort(data.return.spent)}</Fact>
            <Fact name={w.extraVolume}>{f.signedShort("volume", data.return.extraVolume)}</Fact>
            <Fact name={w.extraCommission}>{f.signedShort("commission", data.return.extraCommission)}</Fact>
            <Fact name={w.net}><span className={sign(data.return.net) < 0 ? "text-down" : "text-up"}>{f.signedShort("commission", data.return.net)}</span></Fact>
          </dl>
        </section>
      )}
      {mine && <Participants data={data} zone={zone} />}
    </>
  );
}

const Fact = ({ name, children }: { name: ReactNode; children: ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-xs text-ink-2">{name}</dt>
    <dd className="text-lg font-semibold tracking-tight wrap-anywhere tabular-nums">{children}</dd>
  </div>
);

const Line = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="grid grid-cols-[7rem_1fr] gap-3">
    <dt className="text-ink-2">{name}</dt>
    <dd className="min-w-0 wrap-anywhere tabular-nums">{children}</dd>
  </div>
);

function Steps({ task }: { task: Task }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const shown = 6;
  const all = task.type === "trading" ? (task.tiers ?? []).map((x) => ({ from: x.threshold, reward: x.reward })) : Array.from({ length: Math.min(task.maxRepeats ?? 0, shown) }, (_, i) => ({ from: (i + 1) * (task.everyX ?? 1), reward: task.reward ?? "0" }));
  return (
    <>
      <DataTable caption={w.steps} columns={[{ label: w.step }, { label: w.threshold, end: true }, { label: `${w.reward}, USDT`, end: true }]} rows={all.map((s, i) => ({ key: String(i), cells: [f.count(i + 1), amount(task, s.from, f, w), f.moneyShort(s.reward)] }))} />
      {task.type === "referral" && (task.maxRepeats ?? 0) > shown && <p className="mt-2 text-xs text-ink-2">… {termsOf(task, f, w)}</p>}
    </>
  );
}

function Participants({ data, zone }: { data: TaskDetail; zone: string }) {
  const { t, f } = useWords();
  const w = usePageWords(tasksWords);
  const [find, setFind] = useState("");
  const { task } = data;
  const rows = data.rows.filter((r) => String(r.uid).includes(find.trim()));
  const uid = (r: Participant) => (
    <Link to="/referees/$uid" params={{ uid: String(r.uid) }} className="font-medium text-accent underline-offset-2 hover:underline">
      {r.uid}
    </Link>
  );
  const flags = (r: Participant) => (
    <span className="flex flex-wrap gap-1">
      {r.review && <span title={w.reviewHint}><Tag tone="warn">{w.review}</Tag></span>}
      {r.late !== undefined && <Tag>{w.late(amount(task, r.late, f, w))}</Tag>}
    </span>
  );
  const columns: Column<Participant>[] = [
    { key: "uid", label: t.referee.uid, cell: uid },
    { key: "progress", label: w.next, cell: (r) => <ParticipantProgress task={task} mine={r} zone={zone} label={w.progressOf(String(r.uid))} brief /> },
    { key: "rewards", label: w.rewards, end: true, cell: (r) => f.count(r.rewards) },
    { key: "paid", label: `${w.paid}, USDT`, end: true, cell: (r) => f.moneyShort(r.paid) },
    { key: "commission", label: `${w.commission}, ${w.glance}`, end: true, cell: (r) => (r.glance ? f.moneyShort(r.glance.commission) : "–") },
    { key: "volume", label: w.volume, end: true, cell: (r) => (r.glance ? f.brief(r.glance.volume) : "–") },
    { key: "traders", label: w.traders, end: true, cell: (r) => (r.glance ? f.count(r.glance.traders) : "–") },
    { key: "relation", label: t.referee.relation, cell: (r) => (r.relation ? t.values[r.relation] : "") },
    { key: "flags", label: w.review, cell: flags },
  ];
  return (
    <section className="card mt-4 min-w-0 overflow-hidden" aria-labelledby="participants">
      <div className="flex flex-wrap items-center justify-between gap-3 p-4 sm:px-5">
        <h2 id="participants" className="font-medium">
          {w.participants} <span className="text-ink-2 tabular-nums">{f.count(task.participants)}</span>
        </h2>
        <input type="search" inputMode="numeric" aria-label={w.search} placeholder={w.search} value={find} onChange={(e) => setFind(e.target.value)} className="h-9 w-full rounded-md border border-line-strong bg-surface px-3 text-sm placeholder:text-ink-2 sm:w-48" />
      </div>
      <div className="border-t border-line">
        {rows.length === 0 ? (
          <p className="px-5 py-6 text-sm text-ink-2" role="status">{w.noUid}</p>
        ) : (
          <RecordTable
            caption={w.participants}
            columns={columns}
            rows={rows}
            rowKey={(r) => String(r.uid)}
            card={(r) => (
              <div className="space-y-2 text-sm">
                <div className="flex items-center justify-between gap-3">
                  {uid(r)}
                  <span className="font-semibold tabular-nums">{f.moneyShort(r.paid)} <span className="text-xs font-normal text-ink-3">USDT</span></span>
                </div>
                <ParticipantProgress task={task} mine={r} zone={zone} label={w.progressOf(String(r.uid))} brief />
                {r.glance && <p className="text-xs text-ink-2 tabular-nums">{`${w.glance}: ${w.commission} ${f.moneyShort(r.glance.commission)} · ${w.volume} ${f.brief(r.glance.volume)} · ${w.traders} ${f.count(r.glance.traders)}`}</p>}
                {flags(r)}
              </div>
            )}
          />
        )}
      </div>
      {data.truncated && <p className="border-t border-line px-5 py-3 text-xs text-ink-2">{w.truncated}</p>}
    </section>
  );
}

function Actions({ task, zone }: { task: Task; zone: string }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  const c = usePageWords(commonWords);
  const queries = useQueryClient();
  const toast = useToast();
  const reason = useReason();
  const [dialog, setDialog] = useState<"extend" | "topUp" | "cancel">();
  const lastDay = addDays(new Date(Date.parse(task.end) - 1).toISOString().slice(0, 10), 7);
  const [end, setEnd] = useState(lastDay);
  const [wrong, setWrong] = useState<string>();
  const key = ["task", String(task.id)];
  const open = task.status === "pending" || task.status === "active";

  const move = useMutation({
    mutationFn: ({ path, body }: { path: string; body?: object; done: string }) => api.post<TaskDetail>(`/v1/tasks/${task.id}/${path}`, body ?? {}),
    onMutate: async ({ path }) => {
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData<TaskDetail>(key);
      // A notice shows as sent at once; money and dates only when the server says so.
      if (path === "nudge" && before) queries.setQueryData<TaskDetail>(key, { ...before, task: { ...before.task, nudgedAt: new Date().toISOString() } });
      return before;
    },
    onSuccess: (detail, { done }) => {
      queries.setQueryData(key, detail);
      void queries.invalidateQueries({ queryKey: ["tasks"] });
      void queries.invalidateQueries({ queryKey: ["fund"] });
      setDialog(undefined);
      toast({ text: done });
    },
    onError: (e, { path }, before) => {
      if (before) queries.setQueryData(key, before);
      if (path === "extend" || path === "top-up") setWrong(reason(e));
      else toast({ text: w.notDone(reason(e)), failed: true });
    },
  });
  const go = (path: string, done: string, body?: object) => !move.isPending && move.mutate({ path, done, body });
  const ask = (what: "extend" | "topUp") => {
    setWrong(undefined);
    setDialog(what);
  };
  const [now] = useState(() => Date.now());
  const nudgedLately = task.nudgedAt !== undefined && now - Date.parse(task.nudgedAt) < day;

  return (
    <>
      {open && (
        <>
          <Button disabled={nudgedLately} title={task.nudgedAt && w.nudgedAt(f.instant(task.nudgedAt, zone))} onClick={() => go("nudge", w.nudged)}>
            <Bell className="size-4" aria-hidden="true" />
            {w.nudge}
          </Button>
          <Button onClick={() => ask("extend")} aria-haspopup="dialog">
            <CalendarPlus className="size-4" aria-hidden="true" />
            {w.extend}
          </Button>
          {canTopUp(task) && (
            <Button onClick={() => ask("topUp")} aria-haspopup="dialog">
              <Coins className="size-4" aria-hidden="true" />
              {w.topUp}
            </Button>
          )}
        </>
      )}
      {(open || task.status === "closing") && (
        <Button onClick={() => setDialog("cancel")} aria-haspopup="dialog">
          <CircleX className="size-4 text-down" aria-hidden="true" />
          {w.cancel}
        </Button>
      )}
      <Modal open={dialog === "extend"} onClose={() => setDialog(undefined)} title={w.extendTitle} text={w.extendText}>
        <form
          noValidate
          className="mt-4"
          onSubmit={(e) => {
            e.preventDefault();
            setWrong(undefined);
            go("extend", w.extended, { end: end && addDays(end, 1) });
          }}
        >
          <TextField type="date" label={w.newEnd} value={end} min={new Date(task.end).toISOString().slice(0, 10)} onChange={(e) => setEnd(e.target.value)} hint={w.wizard.zone(zone)} error={wrong} />
          <ModalButtons>
            <Button onClick={() => setDialog(undefined)}>{c.cancel}</Button>
            <Button type="submit" variant="primary" aria-disabled={move.isPending}>{w.extend}</Button>
          </ModalButtons>
        </form>
      </Modal>
      <Modal open={dialog === "topUp"} onClose={() => setDialog(undefined)} title={w.topUpTitle} text={w.topUpText}>
        <TopUp
          key={`${task.maxRepeats ?? ""}:${task.tiers?.length ?? ""}`}
          task={task}
          wrong={wrong}
          busy={move.isPending}
          onClose={() => setDialog(undefined)}
          onMore={(more) => {
            setWrong(undefined);
            go("top-up", w.toppedUp, more);
          }}
        />
      </Modal>
      <Modal open={dialog === "cancel"} onClose={() => setDialog(undefined)} title={w.cancelTitle} text={w.cancelText(f.money(task.reserved))}>
        <ModalButtons>
          <Button onClick={() => setDialog(undefined)}>{w.keep}</Button>
          <Button variant="danger" aria-disabled={move.isPending} onClick={() => go("cancel", w.cancelled)}>{w.cancel}</Button>
        </ModalButtons>
      </Modal>
    </>
  );
}
