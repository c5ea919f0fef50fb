import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouteContext, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { buttonClass } from "../../components/Button";
import { PageHead } from "../../components/PageHead";
import { ListFoot } from "../../components/RecordTable";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NoMatch, NothingYet } from "../../components/states";
import { tabClass, Tabs } from "../../components/Tabs";
import { Tag } from "../../components/Tag";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { commonWords } from "../../lib/i18n/pages/common";
import { tasksWords } from "../../lib/i18n/pages/tasks";
import { states, tasksQuery, termsOf, titleOf, tones, type Side, type Task } from "./data";
import { SpendingMeters } from "./Meter";
import { ParticipantProgress } from "./MyProgress";

/** Tasks that the partner created, and those that are for them. */
export function Tasks() {
  const { t, f } = useWords();
  const w = usePageWords(tasksWords);
  const c = usePageWords(commonWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const search = useSearch({ from: "/signed-in/partner/tasks" });
  const navigate = useNavigate({ from: "/tasks" });
  const side: Side = search.side === "assigned" ? "assigned" : "created";
  const status = states.find((s) => s === search.status);
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage, refetch } = useInfiniteQuery(tasksQuery(side, status));
  const tasks = data?.pages.flatMap((p) => p.items) ?? [];
  const newTask = (
    <Link to="/tasks/new" className={buttonClass("primary")}>
      <Plus className="size-4" aria-hidden="true" />
      {w.newTask}
    </Link>
  );

  return (
    <>
      <PageHead title={t.pages.tasks}>{newTask}</PageHead>
      <Tabs label={t.pages.tasks}>
        {(["created", "assigned"] as const).map((s) => (
          <li key={s}>
            <Link to="/tasks" search={{ side: s === "created" ? undefined : s }} aria-current={s === side ? "page" : undefined} activeProps={{}} className={tabClass}>
              {w.sides[s]}
            </Link>
          </li>
        ))}
      </Tabs>
      <div className="mt-4 flex items-center gap-2">
        <label htmlFor="task-status" className="text-sm text-ink-2">{w.status}</label>
        <select id="task-status" value={status ?? ""} onChange={(e) => void navigate({ search: (s) => ({ ...s, status: e.target.value || undefined }) })} className="h-9 rounded-md border border-line-strong bg-surface px-2 text-sm">
          <option value="">{c.all}</option>
          {states.map((s) => (
            <option key={s} value={s}>{w.states[s]}</option>
          ))}
        </select>
      </div>
      <div className="@container mt-4" aria-busy={!data}>
        {error && !data ? (
          <div className="card"><Failed error={error} onRetry={() => void refetch()} /></div>
        ) : !data ? (
          <div role="status" aria-label={t.states.loading} className="grid gap-4 @3xl:grid-cols-2">
            {[0, 1, 2, 3].map((i) => (
              <Skeleton key={i} className="h-52 rounded-lg" />
            ))}
          </div>
        ) : tasks.length > 0 ? (
          <>
            <ul className="grid gap-4 @3xl:grid-cols-2">
              {tasks.map((task) => (
                <TaskCard key={task.id} task={task} side={side} zone={session.zone} />
              ))}
            </ul>
            <ListFoot shown={c.shownOnly(f.count(tasks.length))} loading={isFetchingNextPage} onMore={hasNextPage ? () => void fetchNextPage() : undefined} />
          </>
        ) : (
          <div className="card">
            {status ? (
              <NoMatch title={w.noMatch} clear={w.showAll} onClear={() => void navigate({ search: (s) => ({ ...s, status: undefined }) })} />
            ) : (
              <NothingYet title={w.nothing[side] ?? ""} text={w.nothingText[side] ?? ""}>{side === "created" && newTask}</NothingYet>
            )}
          </div>
        )}
      </div>
    </>
  );
}

function TaskCard({ task, side, zone }: { task: Task; side: Side; zone: string }) {
  const { f } = useWords();
  const w = usePageWords(tasksWords);
  return (
    <li className="card flex min-w-0 flex-col gap-3 p-4 sm:p-5">
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-medium wrap-anywhere">{titleOf(task, w)}</h2>
          <p className="text-xs text-ink-2 tabular-nums">
            {[w.types[task.type], f.range({ from: task.start, to: task.end }, zone), side === "assigned" ? w.createdBy(String(task.createdBy)) : ""].filter(Boolean).join(" · ")}
          </p>
        </div>
        <Tag tone={tones[task.status]}>{w.states[task.status]}</Tag>
      </div>
      <p className="text-sm text-ink-2">{termsOf(task, f, w)}</p>
      {side === "created" ? (
        <div className="grid gap-3 sm:grid-cols-2">
          <SpendingMeters task={task} />
        </div>
      ) : (
        task.mine && <ParticipantProgress task={task} mine={task.mine} zone={zone} label={w.progress} />
      )}
      <div className="mt-auto flex items-center justify-between gap-3 border-t border-line pt-3">
        <span className="text-xs text-ink-2 tabular-nums">{side === "created" ? w.startedOf(f.count(task.started)) : ""}{task.review > 0 && side === "created" && ` · ${w.review}: ${f.count(task.review)}`}</span>
        <Link to="/tasks/$id" params={{ id: String(task.id) }} aria-label={`${w.details}: ${titleOf(task, w)}`} className={buttonClass("secondary")}>
          {w.details}
        </Link>
      </div>
    </li>
  );
}
