import { lazy, Suspense, type ComponentType } from "react";
import { Skeleton } from "../../../components/Skeleton";
import { useWords } from "../../../lib/i18n";
import type { Card, CardData } from "../model/events";
import { ActivityCard } from "./ActivityCard";
import { AnomaliesCard } from "./AnomaliesCard";
import { CardFrame } from "./CardFrame";
import { CodesCard } from "./CodesCard";
import { ComparisonCard } from "./ComparisonCard";
import { ExplainCard } from "./ExplainCard";
import { LeaderboardCard } from "./LeaderboardCard";
import { MetricsCard } from "./MetricsCard";
import { OutcomeCard } from "./OutcomeCard";
import { ProposalCard } from "./ProposalCard";
import { RefereeCard } from "./RefereeCard";
import { RefereesCard } from "./RefereesCard";
import { RewardsCard } from "./RewardsCard";
import { ResourcesCard } from "./ResourcesCard";
import { RowsCard } from "./RowsCard";
import { RulesCard } from "./RulesCard";
import { SummaryCard } from "./SummaryCard";
import { cardTitle } from "./title";
import { TraceCard } from "./TraceCard";

export interface CardProps<D> {
  title: string;
  data: D;
  /** The period that was asked for, as an argument: for asking on. */
  period?: unknown;
}

/**
 * Every kind of card. To add one: the type of its data in model/events.ts (CardData), a file here and a line below, its
 * title in the catalogues (cards.titles). The compiler names what is missing.
 */
const kinds: { [K in keyof CardData]: ComponentType<CardProps<CardData[K]>> } = {
  metrics: MetricsCard,
  comparison: ComparisonCard,
  leaderboard: LeaderboardCard,
  referees: RefereesCard,
  referee: RefereeCard,
  explain: ExplainCard,
  summary: SummaryCard,
  anomalies: AnomaliesCard,
  activity: ActivityCard,
  trace: TraceCard,
  rewards: RewardsCard,
  codes: CodesCard,
  rules: RulesCard,
  resources: ResourcesCard,
  proposal: ProposalCard,
  outcome: OutcomeCard,
  // What these draw with comes with the pages of tasks and programs, not with the first load.
  tasks: lazy(() => import("./TasksCard").then((m) => ({ default: m.TasksCard }))),
  task: lazy(() => import("./TaskCard").then((m) => ({ default: m.TaskCard }))),
  simulation: lazy(() => import("./SimulationCard").then((m) => ({ default: m.SimulationCard }))),
  programs: lazy(() => import("./ProgramsCard").then((m) => ({ default: m.ProgramsCard }))),
};

/** A card of data. A kind that this app does not know yet is shown as plain rows. */
export function CardView({ card }: { card: Card }) {
  const { t, f } = useWords();
  const title = cardTitle(card, t, f);
  const Kind = (kinds[card.kind] as ComponentType<CardProps<unknown>> | undefined) ?? RowsCard;
  return (
    <CardFrame title={title} tool={card.tool} args={card.args} data={card.data}>
      <Suspense fallback={<Skeleton className="h-48" />}>
        <Kind title={title} data={card.data} period={card.args.period} />
      </Suspense>
    </CardFrame>
  );
}
