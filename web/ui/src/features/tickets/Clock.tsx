import { Clock as ClockIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { useWords } from "../../lib/i18n";
import { Tag } from "../assistant/cards/Section";
import type { Ticket } from "./queries";
import { useText } from "./words";

/** The time, told anew every ten seconds. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const id = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(id);
  }, []);
  return now;
}

/** "in 42 min.", "3 hr. ago". */
export function useRelative(): (at: string) => string {
  const { locale } = useWords();
  const now = useNow();
  return (at) => {
    const minutes = Math.trunc((Date.parse(at) - now) / 60_000);
    const f = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" });
    if (Math.abs(minutes) < 90) return f.format(minutes, "minute");
    return Math.abs(minutes) < 48 * 60 ? f.format(Math.trunc(minutes / 60), "hour") : f.format(Math.trunc(minutes / 1440), "day");
  };
}

/** How long a ticket may still wait for somebody to claim it, or how that went. */
export function SlaClock({ ticket }: { ticket: Ticket }) {
  const w = useText();
  const relative = useRelative();
  const tone = { on_time: "accent", late: "danger", met: "plain", missed: "warn" } as const;
  return (
    <Tag tone={tone[ticket.sla]}>
      <ClockIcon className="size-3" aria-hidden="true" />
      {w.sla[ticket.sla](relative(ticket.dueAt))}
    </Tag>
  );
}
