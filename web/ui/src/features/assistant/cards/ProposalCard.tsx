import { useQuery } from "@tanstack/react-query";
import { Check, CircleAlert, Clock, X } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useAnnounce } from "../../../components/Announce";
import { Button } from "../../../components/Button";
import { Money } from "../../../components/Money";
import { ApiError, api } from "../../../lib/api";
import { useWords } from "../../../lib/i18n";
import { sessionQuery } from "../../../lib/queries";
import type { PreviewRow, Proposed, ProposalState } from "../model/events";
import type { CardProps } from "./CardView";
import { useProposals } from "./proposals";
import { Fact, Facts, Section } from "./Section";

/** What a proposal looks like from here: its state, and what this page is doing about it. */
type Stage = ProposalState | "replaced" | "approving" | "declining";

/**
 * The confirm card. The person decides here, and nowhere else: the buttons send the digest of exactly what the card shows.
 * Any kind of proposal is laid out from its preview; one with a cost or targets says so first.
 */
export function ProposalCard({ data }: CardProps<Proposed>) {
  const { t, f } = useWords();
  const words = t.cards.proposal;
  const { preview } = data;
  const zone = useQuery(sessionQuery).data?.zone ?? "UTC";
  const { stage, error, left, decide } = useDecision(data);
  const open = stage === "proposed" || stage === "approving" || stage === "declining";
  const busy = stage === "approving" || stage === "declining";
  const short = preview.cost !== undefined && Number(preview.cost.missing) > 0;
  const subject = preview.subject ?? "";
  return (
    <div className="space-y-3.5">
      <p className="text-base font-semibold wrap-anywhere">{words.what[data.kind]?.(subject) ?? preview.title}</p>
      {preview.cost && (
        <Section title={words.cost}>
          <Facts>
            <Fact name={words.worstCase} strong>
              <Money value={preview.cost.worstCase} />
            </Fact>
            <Fact name={words.before}>
              <Money value={preview.cost.balanceBefore} />
            </Fact>
            <Fact name={words.after}>
              <Money value={preview.cost.balanceAfter} />
            </Fact>
          </Facts>
        </Section>
      )}
      {preview.targets && (
        <Section title={words.targets(preview.targets.count)}>
          {preview.targets.uids.length > 0 && (
            <ul className="flex max-h-28 flex-wrap gap-1.5 overflow-y-auto text-xs tabular-nums" tabIndex={0} aria-label={words.targets(preview.targets.count)}>
              {preview.targets.uids.map((uid) => (
                <li key={uid} className="rounded-full bg-sunken px-2.5 py-0.5 text-ink-2">
                  {uid}
                </li>
              ))}
              {preview.targets.count > preview.targets.uids.length && <li className="px-1 py-0.5 text-ink-2">{words.more(preview.targets.count - preview.targets.uids.length)}</li>}
            </ul>
          )}
        </Section>
      )}
      <dl className="divide-y divide-line text-sm">
        {preview.starts && preview.ends && <Line name={words.dates}>{`${f.moment(preview.starts, zone)} – ${f.moment(preview.ends, zone)} (${zone})`}</Line>}
        {preview.rows.map((r) => (
          <Line key={r.name} name={words.rows[r.name] ?? r.label}>
            <RowValue row={r} zone={zone} />
          </Line>
        ))}
      </dl>
      {open && short && (
        <p className="rounded-md bg-warn px-3 py-2 text-sm text-warn-ink">
          {words.short(f.money(preview.cost?.missing ?? "0"))}
        </p>
      )}
      {error && (
        <p role="alert" className="flex items-start gap-2 rounded-md bg-danger-soft px-3 py-2 text-sm text-down">
          <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
          <span className="min-w-0 wrap-anywhere">{error}</span>
        </p>
      )}
      {open ? (
        <div className="space-y-2">
          <div className="flex flex-wrap gap-2">
            <Button
              variant="primary"
              className="min-h-10 max-w-full flex-1 whitespace-normal"
              aria-disabled={busy || short}
              onClick={() => {
                if (!short) decide(true);
              }}
            >
              {stage === "approving" ? words.approving : preview.cost && Number(preview.cost.worstCase) > 0 ? words.confirmAmount(f.money(preview.cost.worstCase)) : (words.confirm[data.kind]?.(subject) ?? words.confirmThis)}
            </Button>
            <Button className="min-h-10" aria-disabled={busy} onClick={() => decide(false)}>
              {stage === "declining" ? words.declining : words.decline}
            </Button>
          </div>
          <p className="flex items-center gap-1.5 text-xs text-ink-2 tabular-nums">
            <Clock className="size-3.5 shrink-0" aria-hidden="true" />
            {words.expiresIn(clock(left))}
          </p>
        </div>
      ) : (
        <Verdict stage={stage} />
      )}
    </div>
  );
}

const Line = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-0.5 py-1.5">
    <dt className="text-ink-2">{name}</dt>
    <dd className="min-w-0 text-end wrap-anywhere tabular-nums">{children}</dd>
  </div>
);

function RowValue({ row, zone }: { row: PreviewRow; zone: string }) {
  const { t, f } = useWords();
  switch (row.type) {
    case "rate":
      return f.rate(row.value);
    case "money":
      return <Money value={row.value} />;
    case "number":
      return row.name.endsWith("Id") ? row.value : f.count(row.value);
    case "yes_no":
      return row.value === "yes" ? t.cards.yes : t.cards.no;
    case "time":
      return f.moment(row.value, zone);
  }
  return t.cards.proposal.values[row.value] ?? t.values[row.value] ?? row.value;
}

/** How it ended. It takes the focus of the button that was pressed. */
function Verdict({ stage }: { stage: Stage }) {
  const words = useWords().t.cards.proposal;
  const good = stage === "approved";
  const Icon = good ? Check : stage === "expired" ? Clock : X;
  return (
    <p className={`flex items-center gap-2 rounded-md px-3 py-2 text-sm font-medium ${good ? "bg-accent-soft text-accent" : "bg-sunken text-ink-2"}`}>
      <Icon className="size-4 shrink-0" aria-hidden="true" />
      {words.states[stage as "approved"]}
    </p>
  );
}

const clock = (ms: number) => {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
};

/** The state from the conversation's log, the clock and the server's answer; and a decision that is sent once. */
function useDecision(data: Proposed) {
  const { t } = useWords();
  const words = t.cards.proposal;
  const announce = useAnnounce();
  const { outcomes, latest } = useProposals();
  const [sent, setSent] = useState<Stage>();
  const [error, setError] = useState<string>();
  const sending = useRef(false); // set at once, so that the second of two clicks finds it
  const ends = Date.parse(data.expiresAt);
  const [now, setNow] = useState(Date.now);
  const outcome = outcomes.get(data.proposalId);
  const settled: Stage | undefined = outcome?.state ?? (sent === "approved" || sent === "declined" || sent === "expired" ? sent : undefined);
  const over = now >= ends;
  useEffect(() => {
    if (settled || over) return;
    const tick = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(tick);
  }, [settled, over]);

  const stage: Stage = settled ?? (over ? "expired" : latest !== undefined && latest !== data.proposalId ? "replaced" : (sent ?? "proposed"));

  const decide = (approve: boolean) => {
    if (sending.current || stage !== "proposed") return;
    sending.current = true;
    setError(undefined);
    setSent(approve ? "approving" : "declining");
    const path = `/v1/proposals/${data.proposalId}`;
    api.post<{ state: ProposalState }>(`${path}/${approve ? "approve" : "decline"}`, approve ? { digest: data.digest } : {}).then(
      (p) => {
        setSent(p.state);
        announce(words.states[p.state as "approved"]);
      },
      async (e: unknown) => {
        // Decided in another tab, or by a request whose answer was lost: the server knows.
        const known = e instanceof ApiError && (e.field === "state" || e.status === 0) ? await api.get<{ state: ProposalState }>(path).catch(() => undefined) : undefined;
        sending.current = false;
        if (known && known.state !== "proposed") {
          setSent(known.state);
          return;
        }
        setSent(undefined);
        setError(e instanceof ApiError && e.status !== 0 ? words.failed(e.message) : words.unreachable);
      },
    );
  };
  return { stage, error, left: ends - now, decide };
}
