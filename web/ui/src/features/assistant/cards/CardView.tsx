import type { Card } from "../model/events";
import { CardFrame } from "./CardFrame";
import { ComparisonCard } from "./ComparisonCard";
import { LeaderboardCard } from "./LeaderboardCard";
import { MetricsCard } from "./MetricsCard";
import { RefereeCard } from "./RefereeCard";
import { RefereesCard } from "./RefereesCard";
import { RowsCard } from "./RowsCard";

/** A card of data: a kind is a file here and a line below. */
export function CardView({ card }: { card: Card }) {
  return (
    <CardFrame title={card.title} data={card.data}>
      <Body card={card} />
    </CardFrame>
  );
}

function Body({ card }: { card: Card }) {
  const { title, data }: { title: string; data: unknown } = card;
  switch (card.kind) {
    case "metrics":
      return <MetricsCard title={card.title} data={card.data} />;
    case "comparison":
      return <ComparisonCard title={card.title} data={card.data} />;
    case "leaderboard":
      return <LeaderboardCard title={card.title} data={card.data} />;
    case "referees":
      return <RefereesCard title={card.title} data={card.data} />;
    case "referee":
      return <RefereeCard data={card.data} />;
    default:
      return <RowsCard title={title} data={data} />;
  }
}
