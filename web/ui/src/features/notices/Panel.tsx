import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { CheckCheck } from "lucide-react";
import { Popover, Switch } from "radix-ui";
import { useId, type ReactElement } from "react";
import { useAnnounce } from "../../components/Announce";
import { Button } from "../../components/Button";
import { Failed, NothingYet } from "../../components/states";
import { Skeleton } from "../../components/Skeleton";
import { api } from "../../lib/api";
import type { Session } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { inboxKey, noticesKey, useUnread, type Notice } from "./live";
import { pushState, turnOff, turnOn } from "./push";
import { sayNotice } from "./words";

interface Page {
  items: Notice[];
  nextCursor?: string;
  unread: number;
}

interface Props {
  session: Session;
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export default function Panel({ session, trigger, open, onOpenChange }: Props) {
  const { t } = useWords();
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={12}
          aria-label={t.notices.title}
          className="z-40 flex max-h-[min(36rem,var(--radix-popover-content-available-height))] w-[min(24rem,calc(100vw-1.5rem))] animate-in flex-col rounded-lg border border-line bg-surface shadow-2"
        >
          <Inbox session={session} onClose={() => onOpenChange(false)} />
          <PushSwitch uid={session.uid} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Inbox({ session, onClose }: { session: Session; onClose: () => void }) {
  const { t } = useWords();
  const router = useRouter();
  const unread = useUnread();
  const read = useMarkRead();
  const list = useInfiniteQuery({
    queryKey: noticesKey,
    queryFn: ({ pageParam, signal }) => api.get<Page>("/v1/notices", { limit: 20, cursor: pageParam || undefined }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.nextCursor,
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const newest = items[0];
  const open = (n: Notice) => {
    if (!n.read) read.mutate({ ids: [n.id] });
    if (!n.link) return;
    onClose();
    void router.navigate({ href: n.link });
  };
  return (
    <>
      <div className="flex min-h-12 items-center gap-2 border-b border-line py-1.5 ps-4 pe-2">
        <h2 className="flex-1 font-medium">{t.notices.title}</h2>
        {newest && unread > 0 && (
          <Button variant="quiet" onClick={() => read.mutate({ through: newest.id })} disabled={read.isPending}>
            <CheckCheck className="size-4" aria-hidden="true" />
            {t.notices.readAll}
          </Button>
        )}
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {list.isPending ? (
          <div role="status" aria-label={t.states.loading} className="grid gap-4 p-4">
            {[0, 1, 2].map((i) => (
              <Skeleton key={i} className="h-10" />
            ))}
          </div>
        ) : list.isError && items.length === 0 ? (
          <Failed error={list.error} onRetry={() => void list.refetch()} />
        ) : items.length === 0 ? (
          <NothingYet title={t.notices.none} text={t.notices.noneText[session.role]} />
        ) : (
          <ul className="divide-y divide-line">
            {items.map((n) => (
              <Line key={n.id} notice={n} session={session} onOpen={() => open(n)} />
            ))}
          </ul>
        )}
        {list.hasNextPage && (
          <div className="grid p-2">
            <Button variant="quiet" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {t.notices.more}
            </Button>
          </div>
        )}
      </div>
    </>
  );
}

function Line({ notice: n, session, onOpen }: { notice: Notice; session: Session; onOpen: () => void }) {
  const { t, f, locale } = useWords();
  const { title, text } = sayNotice(n, session.uid, locale, f, session.zone);
  return (
    <li>
      <button type="button" onClick={onOpen} className="flex w-full items-start gap-3 px-4 py-3 text-start text-sm hover:bg-sunken focus-visible:-outline-offset-2">
        <span aria-hidden="true" className={`mt-1.5 size-2 shrink-0 rounded-full ${n.read ? "" : "bg-accent"}`} />
        <span className="min-w-0 flex-1">
          {!n.read && <span className="sr-only">{t.notices.isUnread} </span>}
          <span className={`block wrap-anywhere ${n.read ? "" : "font-medium"}`}>{title}</span>
          {text && <span className="block wrap-anywhere text-ink-2">{text}</span>}
        </span>
        <time dateTime={n.at} title={f.stamp(n.at, session.zone)} className="shrink-0 text-xs leading-5 text-ink-2 tabular-nums">
          {f.relativeDay(n.at)}
        </time>
      </button>
    </li>
  );
}

/** Marks at once, and takes it back when the server refuses. */
function useMarkRead() {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const { t } = useWords();
  return useMutation({
    mutationFn: (what: { ids: string[] } | { through: string }) => api.post<{ unread: number }>("/v1/notices/read", what),
    onMutate: async (what) => {
      await queries.cancelQueries({ queryKey: noticesKey });
      const was = queries.getQueryData(noticesKey);
      queries.setQueryData<{ pages: Page[]; pageParams: string[] }>(noticesKey, (old) =>
        old && { ...old, pages: old.pages.map((p) => ({ ...p, items: p.items.map((n) => ("through" in what || what.ids.includes(n.id) ? { ...n, read: true } : n)) })) },
      );
      return was;
    },
    onSuccess: ({ unread }, what) => {
      queries.setQueryData(inboxKey, (old: object | undefined) => ({ ...old, unread }));
      if ("through" in what) announce(t.notices.allRead);
    },
    onError: (_e, _what, was) => {
      queries.setQueryData(noticesKey, was);
      announce(t.notices.failed);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: noticesKey }),
  });
}

function PushSwitch({ uid }: { uid: number }) {
  const { t } = useWords();
  const id = useId();
  const announce = useAnnounce();
  const queries = useQueryClient();
  const key = ["push", uid];
  const { data: state } = useQuery({ queryKey: key, queryFn: () => pushState(uid), staleTime: 0 });
  const change = useMutation({
    mutationFn: (on: boolean) => (on ? turnOn(uid) : turnOff()),
    onSuccess: (now) => queries.setQueryData(key, now),
    onError: () => announce(t.notices.pushFailed),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
  if (!state || state === "unsupported") return null;
  return (
    <div className="flex items-center gap-3 border-t border-line px-4 py-3 text-sm">
      <div className="min-w-0 flex-1">
        <label htmlFor={id}>{t.notices.push}</label>
        {(state === "denied" || change.isError) && <p className="text-xs text-ink-2">{state === "denied" ? t.notices.pushDenied : t.notices.pushFailed}</p>}
      </div>
      <Switch.Root
        id={id}
        checked={state === "on"}
        disabled={state === "denied" || change.isPending}
        onCheckedChange={(on) => change.mutate(on)}
        className="h-6 w-11 shrink-0 rounded-full border border-line-strong bg-sunken p-0.5 transition-colors disabled:opacity-50 data-[state=checked]:border-accent data-[state=checked]:bg-accent"
      >
        <Switch.Thumb className="block size-4.5 rounded-full bg-ink-2 transition-transform data-[state=checked]:translate-x-5 data-[state=checked]:bg-accent-ink" />
      </Switch.Root>
    </div>
  );
}
