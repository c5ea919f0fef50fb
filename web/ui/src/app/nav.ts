import type { LinkOptions } from "@tanstack/react-router";
import { BookOpenText, ChartColumn, ClipboardCheck, FlaskConical, Gift, Headset, Inbox, LayoutDashboard, ListChecks, Megaphone, MessageCircleQuestion, Percent, Tags, Trophy, Users, type LucideIcon } from "lucide-react";
import type { Role } from "../lib/contract";
import type { Messages } from "../lib/i18n/en";

interface Screen {
  to: NonNullable<LinkOptions["to"]>;
  label: (t: Messages) => string;
  icon: LucideIcon;
  roles: readonly Role[];
}

/** The pages, in the order of the navigation. */
export const screens: readonly Screen[] = [
  { to: "/", label: (t) => t.overview.title, icon: LayoutDashboard, roles: ["partner"] },
  { to: "/referees", label: (t) => t.pages.referees, icon: Users, roles: ["partner"] },
  { to: "/codes", label: (t) => t.pages.codes, icon: Tags, roles: ["partner"] },
  { to: "/rewards", label: (t) => t.pages.rewards, icon: Gift, roles: ["partner"] },
  { to: "/tasks", label: (t) => t.pages.tasks, icon: ListChecks, roles: ["partner"] },
  { to: "/programs", label: (t) => t.pages.programs, icon: Trophy, roles: ["partner"] },
  { to: "/campaigns", label: (t) => t.pages.campaigns, icon: Megaphone, roles: ["partner"] },
  { to: "/tickets", label: (t) => t.queue, icon: Headset, roles: ["bd", "operator"] },
  { to: "/library", label: (t) => t.library.title, icon: BookOpenText, roles: ["content", "operator"] },
  { to: "/gaps", label: (t) => t.library.gaps, icon: MessageCircleQuestion, roles: ["content", "operator"] },
  { to: "/figures", label: (t) => t.operator.figures.title, icon: ChartColumn, roles: ["operator"] },
  { to: "/reviews", label: (t) => t.operator.reviews.title, icon: ClipboardCheck, roles: ["operator", "content"] },
  { to: "/evaluation", label: (t) => t.operator.evaluation.title, icon: FlaskConical, roles: ["operator"] },
  { to: "/terms", label: (t) => t.operator.terms.title, icon: Percent, roles: ["operator"] },
  { to: "/ingest", label: (t) => t.operator.ingest.title, icon: Inbox, roles: ["operator"] },
];

/** Where each of the other roles begins: "/" is the partner's overview. */
export const firstPage = { bd: "/tickets", content: "/library", operator: "/figures" } as const satisfies Record<Exclude<Role, "partner">, Screen["to"]>;
