import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouteContext, useSearch } from "@tanstack/react-router";
import { ExternalLink, Link2 } from "lucide-react";
import { useToast } from "../../components/Announce";
import { Button, buttonClass } from "../../components/Button";
import { PageHead } from "../../components/PageHead";
import { Skeleton } from "../../components/Skeleton";
import { Failed, NothingYet } from "../../components/states";
import { tabClass, Tabs } from "../../components/Tabs";
import { Tag } from "../../components/Tag";
import { api } from "../../lib/api";
import { useCopy, useReason } from "../../lib/copy";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { campaignsWords } from "../../lib/i18n/pages/campaigns";

interface Campaign {
  slug: string;
  title: string;
  access: "public" | "exclusive";
  starts?: string;
  /** The first day on which it is over. */
  ends?: string;
  state: "upcoming" | "running" | "ended";
  eligible: boolean;
  reason?: string;
  link?: string;
  shareLink?: string;
  joinLink?: string;
  products?: string[];
  countries?: string[];
  joinedAt?: string;
  results?: { from: string; to: string; newReferrals: number; verified: number; firstTraders: number; volume: string; commission: string };
}

interface List {
  items: Campaign[];
}

const campaignsQuery = queryOptions({
  queryKey: ["campaigns"],
  queryFn: ({ signal }) => api.get<List>("/v1/campaigns", {}, signal),
  staleTime: 60_000,
});

const tones = { upcoming: "plain", running: "accent", ended: "plain" } as const;

/** Campaigns to join and to share. */
export function Campaigns() {
  const { t, f } = useWords();
  const w = usePageWords(campaignsWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  const { kind: asked } = useSearch({ from: "/signed-in/partner/campaigns" });
  const kind = asked === "public" ? "public" : "exclusive";
  const { data, error, refetch } = useQuery(campaignsQuery);
  const shown = data?.items.filter((c) => c.access === kind) ?? [];
  return (
    <>
      <PageHead title={t.pages.campaigns} sub={w.about[kind]} />
      <Tabs label={t.pages.campaigns}>
        {(["exclusive", "public"] as const).map((k) => (
          <li key={k}>
            <Link to="/campaigns" search={{ kind: k === "exclusive" ? undefined : k }} aria-current={k === kind ? "page" : undefined} activeProps={{}} className={tabClass}>
              {w.kinds[k]}
              {data && <span className="ms-1.5 text-xs tabular-nums">{f.count(data.items.filter((c) => c.access === k).length)}</span>}
            </Link>
          </li>
        ))}
      </Tabs>
      <div className="@container mt-4" aria-busy={!data}>
        {error && !data ? (
          <div className="card"><Failed error={error} onRetry={() => void refetch()} /></div>
        ) : !data ? (
          <div role="status" aria-label={t.states.loading} className="grid gap-4 @3xl:grid-cols-2">
            {[0, 1, 2, 3].map((i) => (
              <Skeleton key={i} className="h-44 rounded-lg" />
            ))}
          </div>
        ) : shown.length === 0 ? (
          <div className="card"><NothingYet title={w.nothing[kind] ?? ""} text={w.nothingText} /></div>
        ) : (
          <ul className="grid items-start gap-4 @3xl:grid-cols-2">
            {shown.map((c) => (
              <CampaignCard key={c.slug} campaign={c} zone={session.zone} />
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function CampaignCard({ campaign: c, zone }: { campaign: Campaign; zone: string }) {
  const { t, f } = useWords();
  const w = usePageWords(campaignsWords);
  const copy = useCopy();
  const join = useJoin();
  const date = (d: string) => f.date(`${d}T00:00:00Z`, "UTC");
  const days = c.starts && c.ends ? f.days({ from: `${c.starts}T00:00:00Z`, to: `${c.ends}T00:00:00Z` }, "UTC") : c.starts ? w.from(date(c.starts)) : c.ends ? w.until(date(c.ends)) : w.always;
  const about = [days, c.products?.map((p) => t.values[p] ?? p).join(", "), c.countries?.map((x) => f.country(x)).join(", ")].filter(Boolean).join(" · ");
  return (
    <li className="card flex min-w-0 flex-col gap-3 p-4 sm:p-5">
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-medium wrap-anywhere">{c.title}</h2>
          <p className="text-xs text-ink-2 tabular-nums">{about}</p>
        </div>
        <Tag tone={tones[c.state]}>{w.states[c.state]}</Tag>
      </div>
      {c.joinedAt && (
        <div className="rounded-md bg-sunken p-3">
          <p className="text-xs text-ink-2">{[w.joinedAt(f.date(c.joinedAt, zone)), c.results ? w.results : ""].filter(Boolean).join(" · ")}</p>
          {c.results && (
            <dl className="mt-2 grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-3">
              {(["commission", "volume", "newReferrals", "verified", "firstTraders"] as const).map((m) => (
                <div key={m} className="min-w-0">
                  <dt className="text-xs text-ink-2">{t.metrics[m]}</dt>
                  <dd className="font-semibold wrap-anywhere tabular-nums">{c.results && f.figureShort(m, c.results[m])}</dd>
                </div>
              ))}
            </dl>
          )}
        </div>
      )}
      {!c.eligible && c.reason && <p className="text-sm text-ink-2">{c.reason}</p>}
      <div className="flex flex-wrap gap-2">
        {c.state !== "ended" && !c.joinedAt && (
          <Button variant="primary" disabled={!c.eligible} aria-label={`${w.join}: ${c.title}`} onClick={() => join.mutate(c)}>
            {w.join}
          </Button>
        )}
        {c.joinLink && <Out href={c.joinLink}>{w.joinLink}</Out>}
        {c.shareLink && (
          <Button onClick={() => void copy(c.shareLink ?? "", w.shareLink)} aria-label={`${w.share}: ${c.title}`}>
            <Link2 className="size-4" aria-hidden="true" />
            {w.share}
          </Button>
        )}
        {c.link && <Out href={c.link}>{w.details}</Out>}
      </div>
    </li>
  );
}

function Out({ href, children }: { href: string; children: string }) {
  const w = usePageWords(campaignsWords);
  return (
    <a href={href} target="_blank" rel="noreferrer" className={buttonClass("secondary")}>
      {children}
      <ExternalLink className="size-4 text-ink-2" aria-hidden="true" />
      <span className="sr-only">({w.newTab})</span>
    </a>
  );
}

/** Joins a campaign. It shows at once, and goes back when the server refuses. */
function useJoin() {
  const queries = useQueryClient();
  const toast = useToast();
  const reason = useReason();
  const w = usePageWords(campaignsWords);
  const put = (slug: string, change: (c: Campaign) => Campaign) => queries.setQueryData<List>(campaignsQuery.queryKey, (d) => d && { items: d.items.map((c) => (c.slug === slug ? change(c) : c)) });
  return useMutation({
    mutationFn: (c: Campaign) => api.post<Campaign>(`/v1/campaigns/${encodeURIComponent(c.slug)}/join`, {}),
    onMutate: async (c) => {
      await queries.cancelQueries({ queryKey: campaignsQuery.queryKey });
      put(c.slug, (x) => ({ ...x, joinedAt: new Date().toISOString() }));
    },
    onSuccess: (now, c) => {
      put(c.slug, () => now);
      toast({ text: w.nowIn(c.title) });
    },
    onError: (e, c) => {
      put(c.slug, () => c);
      toast({ text: w.notJoined(reason(e)), failed: true });
    },
  });
}
