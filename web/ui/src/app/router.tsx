import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect, retainSearchParams } from "@tanstack/react-router";
import { parsePeriod } from "../lib/period";
import { sessionQuery } from "../lib/queries";
import type { ReviewState } from "../features/operator/contract";
import { Crashed, NotFound } from "./Fallbacks";
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

const start = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  validateSearch: (s: Record<string, unknown>): { period?: string } => {
    const period = parsePeriod(s.period);
    return period ? { period } : {};
  },
  beforeLoad: ({ context }) => {
    if (context.session.role === "content") throw redirect({ to: "/library", replace: true });
  },
  component: lazyRouteComponent(() => import("../features/overview/Start"), "Start"),
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

export function newRouter(queries: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([signIn, signedIn.addChildren([start, library, gaps, figures, reviews, evaluation, ingest])]),
    context: { queries },
    defaultErrorComponent: Crashed,
    defaultPreload: "intent",
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
