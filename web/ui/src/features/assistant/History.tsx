import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient, type InfiniteData, type QueryKey } from "@tanstack/react-query";
import { MoreHorizontal, Search } from "lucide-react";
import { AlertDialog, DropdownMenu as Menu } from "radix-ui";
import { useEffect, useState } from "react";
import { useAnnounce } from "../../components/Announce";
import { Button, IconButton } from "../../components/Button";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NoMatch, NothingYet } from "../../components/states";
import { api } from "../../lib/api";
import type { Conversation, Page } from "../../lib/contract";
import { useWords } from "../../lib/i18n";
import { newChat, useAssistant } from "./AssistantProvider";

/** Of every list of conversations, whatever is searched for. */
const queryKey = ["conversations"];
/** Milliseconds without a key until what is typed is searched for. */
const pause = 200;
type Pages = InfiniteData<Page<Conversation>, string | undefined>;

const mapItems = (pages: Pages | undefined, f: (items: Conversation[]) => Conversation[]): Pages | undefined =>
  pages && { ...pages, pages: pages.pages.map((p) => ({ ...p, items: f(p.items) })) };

/** Every earlier conversation: to search, continue, rename and delete. */
export function History({ onOpen }: { onOpen: (chat: string) => void }) {
  const { t } = useWords();
  const [search, setSearch] = useState("");
  const words = useSettled(search.trim());
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [...queryKey, words],
    queryFn: ({ pageParam, signal }) => api.get<Page<Conversation>>("/v1/conversations", { search: words || undefined, cursor: pageParam }, signal),
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor || undefined,
    refetchOnMount: "always",
  });
  const found = data?.pages.flatMap((p) => p.items) ?? [];

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="px-4 py-3">
        <div className="flex h-10 items-center gap-2 rounded-md border border-line-strong px-3 focus-within:border-accent focus-within:outline-1 focus-within:outline-accent">
          <Search className="size-4 shrink-0 text-ink-2" aria-hidden="true" />
          <input
            // The list was asked for in order to find something in it.
            autoFocus
            type="search"
            value={search}
            maxLength={60}
            aria-label={t.assistant.searchHistory}
            placeholder={t.assistant.searchHistory}
            onChange={(e) => setSearch(e.target.value)}
            className="min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-ink-3"
          />
        </div>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
        {isPending && (
          <div role="status" aria-label={t.states.loading} className="space-y-2 px-2">
            {[0, 1, 2, 3, 4].map((i) => (
              <Skeleton key={i} className="h-12 w-full" />
            ))}
          </div>
        )}
        {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
        {data && found.length === 0 && !words && <NothingYet title={t.assistant.noHistory} text={t.assistant.noHistoryText} />}
        {data && found.length === 0 && words && <NoMatch title={t.assistant.noHistoryMatch} clear={t.assistant.clearSearch} onClear={() => setSearch("")} />}
        <ul>
          {found.map((c) => (
            <Row key={c.id} conversation={c} onOpen={onOpen} />
          ))}
        </ul>
        {hasNextPage && (
          <Button variant="quiet" className="mx-2 mt-2" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t.assistant.more}
          </Button>
        )}
      </div>
    </div>
  );
}

/** A text once nobody has typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const id = setTimeout(() => setSettled(text), pause);
    return () => clearTimeout(id);
  }, [text]);
  return settled;
}

function Row({ conversation: c, onOpen }: { conversation: Conversation; onOpen: (chat: string) => void }) {
  const { t, f } = useWords();
  const { client, threadId, open } = useAssistant();
  const announce = useAnnounce();
  const queries = useQueryClient();
  const [renaming, setRenaming] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const title = c.title || t.assistant.untitled;

  // Shown at once, and taken back if the server refuses.
  const optimistic = (f: (items: Conversation[]) => Conversation[]) => async () => {
    await queries.cancelQueries({ queryKey });
    const before = queries.getQueriesData<Pages>({ queryKey });
    queries.setQueriesData<Pages>({ queryKey }, (p) => mapItems(p, f));
    return { before };
  };
  const undo = (e: Error, _: unknown, kept: { before: [QueryKey, Pages | undefined][] } | undefined) => {
    for (const [key, pages] of kept?.before ?? []) queries.setQueryData(key, pages);
    announce(e.message);
  };
  const rename = useMutation({
    mutationFn: (title: string) => api.patch(`/v1/conversations/${c.id}`, { title }),
    onMutate: (title) => optimistic((items) => items.map((x) => (x.id === c.id ? { ...x, title } : x)))(),
    onError: undo,
  });
  const remove = useMutation({
    mutationFn: () => api.delete(`/v1/conversations/${c.id}`),
    onMutate: optimistic((items) => items.filter((x) => x.id !== c.id)),
    onError: undo,
    onSuccess: () => {
      client.forget(c.id);
      announce(t.assistant.deleted);
    },
  });

  if (renaming) {
    return (
      <li className="px-2 py-1.5">
        <Rename
          title={c.title}
          onDone={(title) => {
            setRenaming(false);
            if (title && title !== c.title) rename.mutate(title);
          }}
        />
      </li>
    );
  }
  const item = "flex min-h-9 cursor-pointer items-center rounded-sm px-2.5 text-sm outline-none data-[highlighted]:bg-sunken";
  return (
    <li className={`flex items-center rounded-md hover:bg-sunken ${c.id === threadId ? "bg-accent-soft" : ""}`}>
      <button type="button" onClick={() => onOpen(c.id)} aria-current={c.id === threadId ? "true" : undefined} className="min-w-0 flex-1 rounded-md px-2.5 py-2 text-start">
        <span className="block truncate text-sm font-medium">{title}</span>
        <span className="block text-xs text-ink-2 tabular-nums">{f.relativeDay(c.updatedAt)}</span>
      </button>
      <Menu.Root modal={false}>
        <Menu.Trigger asChild>
          <IconButton label={t.assistant.moreOf(title)} className="me-1">
            <MoreHorizontal aria-hidden="true" />
          </IconButton>
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content align="end" className="z-50 w-36 animate-in rounded-md border border-line bg-surface p-1 shadow-2">
            <Menu.Item className={item} onSelect={() => setTimeout(() => setRenaming(true))}>
              {t.assistant.rename}
            </Menu.Item>
            <Menu.Item className={`${item} text-down`} onSelect={() => setTimeout(() => setDeleting(true))}>
              {t.assistant.delete}
            </Menu.Item>
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
      <AlertDialog.Root open={deleting} onOpenChange={setDeleting}>
        <AlertDialog.Portal>
          <AlertDialog.Overlay className="fixed inset-0 z-50 animate-in bg-scrim" />
          <AlertDialog.Content className="fixed top-1/2 left-1/2 z-50 w-[min(24rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 rounded-lg border border-line bg-surface p-5 shadow-2">
            <AlertDialog.Title className="font-semibold wrap-anywhere">{t.assistant.deleteAsk(title)}</AlertDialog.Title>
            <AlertDialog.Description className="mt-1 text-sm text-ink-2">{t.assistant.deleteText}</AlertDialog.Description>
            <div className="mt-5 flex justify-end gap-2">
              <AlertDialog.Cancel asChild>
                <Button>{t.assistant.cancel}</Button>
              </AlertDialog.Cancel>
              <AlertDialog.Action asChild>
                <Button
                  variant="danger"
                  onClick={() => {
                    remove.mutate();
                    if (c.id === threadId) open(newChat);
                  }}
                >
                  {t.assistant.delete}
                </Button>
              </AlertDialog.Action>
            </div>
          </AlertDialog.Content>
        </AlertDialog.Portal>
      </AlertDialog.Root>
    </li>
  );
}

function Rename({ title, onDone }: { title: string; onDone: (title?: string) => void }) {
  const { t } = useWords();
  const [value, setValue] = useState(title);
  return (
    <form
      className="flex gap-1.5"
      onSubmit={(e) => {
        e.preventDefault();
        onDone(value.trim());
      }}
      onKeyDown={(e) => {
        if (e.key !== "Escape") return;
        e.preventDefault();
        e.stopPropagation();
        onDone();
      }}
    >
      <input
        autoFocus
        value={value}
        maxLength={120}
        aria-label={t.assistant.newName}
        onFocus={(e) => e.target.select()}
        onChange={(e) => setValue(e.target.value)}
        className="h-9 min-w-0 flex-1 rounded-md border border-line-strong bg-surface px-2.5 text-base"
      />
      <Button type="submit" variant="primary">
        {t.assistant.save}
      </Button>
      <Button variant="quiet" className="px-2" onClick={() => onDone()}>
        {t.assistant.cancel}
      </Button>
    </form>
  );
}
