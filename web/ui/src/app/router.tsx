import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect, retainSearchParams, stringifySearchWith } from "@tanstack/react-router";
import { parsePeriod } from "../lib/period";
import { sessionQuery } from "../lib/queries";
import type { ReviewState } from "../features/operator/contract";
import type { TermsKind } from "../features/terms/Lookup";
import { strings } from "../lib/search";
import { Crashed, NotFound } from "./Fallbacks";
import { firstPage } from "./nav";
import { PartnerOnly } from "./PartnerOnly";
import { Shell } from "./Shell";
import { ShellSkeleton } from "./ShellSkeleton";

interface RouterContext {
  queries: QueryClient;
}

const root = createRootRouteWithContext<RouterContext>()({ notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (s: Record<string, unknown>): { to?: string } => (typeof s.to === "string" && /^\/(?![/\\])/.test(s.to) ? { to: s.to } : {}),
  beforeLoad: async ({ context, search }) => {
    if (await context.queries.query(sessionQuery)) throw redirect({ href: search.to ?? "/" });
  },
  component: lazyRouteComponent(() => import("../features/signin/SignIn"), "SignIn"),
});

/** Every page of a person who is signed in. `chat` is the conversation in the assistant's panel; without it the panel is closed. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  validateSearch: (s: Record<string, unknown>): { chat?: string } => (typeof s.chat === "string" ? { chat: s.chat } : {}),
  search: { middlewares: [retainSearchParams(["chat"])] },
  beforeLoad: async ({ context, location }) => {
    const session = await context.queries.query(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { to: location.href } });
    return { session };
  },
  component: Shell,
  pendingComponent: ShellSkeleton,
  pendingMs: 150,
});

const period = (s: Record<string, unknown>): { period?: string } => {
  const known = parsePeriod(s.period);
  return known ? { period: known } : {};
};

const start = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  validateSearch: (s: Record<string, unknown>): { period?: string; metric?: string } => ({ ...period(s), ...strings(s, ["metric"]) }),
  beforeLoad: ({ context }) => {
    const { role } = context.session;
    if (role !== "partner") throw redirect({ to: firstPage[role], replace: true });
  },
  component: lazyRouteComponent(() => import("../features/overview/Overview"), "Overview"),
});

const library = createRoute({
  getParentRoute: () => signedIn,
  path: "/library",
  validateSearch: (s: Record<string, unknown>): { kind?: string } => (typeof s.kind === "string" && kinds.includes(s.kind) ? { kind: s.kind } : {}),
  component: lazyRouteComponent(() => import("../features/library/Library"), "Library"),
});

const gaps = createRoute({
  getParentRoute: () => signedIn,
  path: "/gaps",
  component: lazyRouteComponent(() => import("../features/library/Gaps"), "Gaps"),
});

const tickets = createRoute({
  getParentRoute: () => signedIn,
  path: "/tickets",
  validateSearch: (s: Record<string, unknown>): { show?: "mine" | "over" } => (s.show === "mine" || s.show === "over" ? { show: s.show } : {}),
  component: lazyRouteComponent(() => import("../features/tickets"), "Queue"),
});

const ticket = createRoute({
  getParentRoute: () => signedIn,
  path: "/tickets/$id",
  component: lazyRouteComponent(() => import("../features/tickets"), "TicketPage"),
});

const kinds = ["rule", "event", "material", "learning", "announcement"];

const figures = createRoute({
  getParentRoute: () => signedIn,
  path: "/figures",
  validateSearch: (s: Record<string, unknown>): { period?: string } => {
    const period = parsePeriod(s.period);
    return period ? { period } : {};
  },
  component: lazyRouteComponent(() => import("../features/operator/Figures"), "Figures"),
});

const reviews = createRoute({
  getParentRoute: () => signedIn,
  path: "/reviews",
  validateSearch: (s: Record<string, unknown>): { state?: ReviewState; topic?: string } => ({
    ...(["case", "fixed", "dismissed"].includes(String(s.state)) ? { state: s.state as ReviewState } : {}),
    ...(typeof s.topic === "string" && s.topic ? { topic: s.topic } : {}),
  }),
  component: lazyRouteComponent(() => import("../features/operator/Reviews"), "Reviews"),
});

const evaluation = createRoute({
  getParentRoute: () => signedIn,
  path: "/evaluation",
  validateSearch: (s: Record<string, unknown>): { a?: number; b?: number } => ({
    ...(Number.isInteger(s.a) ? { a: s.a as number } : {}),
    ...(Number.isInteger(s.b) ? { b: s.b as number } : {}),
  }),
  component: lazyRouteComponent(() => import("../features/operator/Evaluation"), "Evaluation"),
});

const ingest = createRoute({
  getParentRoute: () => signedIn,
  path: "/ingest",
  component: lazyRouteComponent(() => import("../features/operator/Ingest"), "Ingest"),
});

const terms = createRoute({
  getParentRoute: () => signedIn,
  path: "/terms",
  validateSearch: (s: Record<string, unknown>): { kind?: TermsKind; of?: string } => ({
    ...(["partner", "account", "code"].includes(String(s.kind)) ? { kind: s.kind as TermsKind } : {}),
    ...(typeof s.of === "string" || typeof s.of === "number" ? { of: String(s.of) } : {}),
  }),
  component: lazyRouteComponent(() => import("../features/terms/Terms"), "Terms"),
});

/** The pages of a partner; another role is told that they are not for it. */
const partner = createRoute({ getParentRoute: () => signedIn, id: "partner", component: PartnerOnly });

const refereeFilters = ["q", "kyc", "deposited", "traded", "activity", "vipMin", "registered", "code", "country", "relation", "subPartnerUid", "sort", "order"] as const;

const partnerPages = [
  createRoute({
    getParentRoute: () => partner,
    path: "/referees",
    validateSearch: (s: Record<string, unknown>): { period?: string } & Partial<Record<(typeof refereeFilters)[number], string>> => ({ ...period(s), ...strings(s, refereeFilters) }),
    component: lazyRouteComponent(() => import("../features/referees/Referees"), "Referees"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/referees/$uid",
    validateSearch: period,
    component: lazyRouteComponent(() => import("../features/referees/RefereePage"), "RefereePage"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/codes",
    validateSearch: period,
    component: lazyRouteComponent(() => import("../features/codes/Codes"), "Codes"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/codes/$code",
    validateSearch: period,
    component: lazyRouteComponent(() => import("../features/codes/CodePage"), "CodePage"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/rewards",
    validateSearch: (s: Record<string, unknown>) => strings(s, ["kind"]),
    component: lazyRouteComponent(() => import("../features/rewards/Rewards"), "Rewards"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/tasks",
    validateSearch: (s: Record<string, unknown>) => strings(s, ["side", "status"]),
    component: lazyRouteComponent(() => import("../features/tasks/Tasks"), "Tasks"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/tasks/new",
    component: lazyRouteComponent(() => import("../features/tasks/NewTask"), "NewTask"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/tasks/$id",
    component: lazyRouteComponent(() => import("../features/tasks/TaskPage"), "TaskPage"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/programs",
    component: lazyRouteComponent(() => import("../features/programs/Programs"), "Programs"),
  }),
  createRoute({
    getParentRoute: () => partner,
    path: "/campaigns",
    validateSearch: (s: Record<string, unknown>) => strings(s, ["kind"]),
    component: lazyRouteComponent(() => import("../features/campaigns/Campaigns"), "Campaigns"),
  }),
] as const;

export function newRouter(queries: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([signIn, signedIn.addChildren([start, library, gaps, tickets, ticket, figures, reviews, evaluation, ingest, terms, partner.addChildren(partnerPages)])]),
    context: { queries },
    defaultErrorComponent: Crashed,
    defaultPreload: "intent",
    scrollRestoration: true,
    // Without a parser: a text that looks like a number needs no quotes, as every page reads its parameters as text.
    stringifySearch: stringifySearchWith(JSON.stringify),
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
