import { createContext, use, useMemo, type ReactNode } from "react";
import type { Outcome } from "../model/events";
import type { Turn } from "../model/thread";

interface Proposals {
  /** What became of each proposal that was decided on or has expired. */
  outcomes: ReadonlyMap<string, Outcome>;
  /** Only the latest proposal of a conversation is open: it stands for those before. */
  latest?: string;
}

const Context = createContext<Proposals>({ outcomes: new Map() });

/** Around a chat: what its log says of its proposals. */
export function ProposalsProvider({ turns, children }: { turns: readonly Turn[]; children: ReactNode }) {
  const value = useMemo(() => {
    const outcomes = new Map<string, Outcome>();
    let latest: string | undefined;
    for (const turn of turns) {
      for (const p of turn.parts) {
        if (p.type !== "card") continue;
        if (p.card.kind === "proposal") latest = p.card.data.proposalId;
        if (p.card.kind === "outcome" && p.card.data.state !== "proposed") outcomes.set(p.card.data.proposalId, p.card.data);
      }
    }
    return { outcomes, latest };
  }, [turns]);
  return <Context value={value}>{children}</Context>;
}

export const useProposals = () => use(Context);
