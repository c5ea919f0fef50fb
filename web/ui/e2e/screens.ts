import type { Page } from "playwright-core";
import { ask, newPage, openAssistant, overview, signIn, type View } from "./browser";
import { cardKinds, showCard } from "./questions";

/** The partner's pages that have an address of their own; each is ready when nothing says that it is loading. */
export const partnerPages: Record<string, string> = {
  referees: "/referees?activity=active",
  "referees-no-match": "/referees?q=nobody-has-this-note",
  referee: "/referees/10002",
  codes: "/codes",
  code: "/codes/NOVA",
  rewards: "/rewards",
  "rewards-shared": "/rewards?kind=shared",
  tasks: "/tasks",
  "tasks-assigned": "/tasks?side=assigned",
  "task-new": "/tasks/new",
  programs: "/programs",
  campaigns: "/campaigns",
};

export async function partnerPage(view: View, path: string) {
  const page = await newPage(view);
  await signIn(page);
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"], main [role="status"][aria-label="Loading"]'));
  return page;
}

/** Every screen and state that can be reached by a person, by name. */
export const screens: Record<string, (view: View) => Promise<Page>> = {
  "sign-in": async (view) => {
    const page = await newPage(view);
    await page.goto("/");
    await page.getByRole("button", { name: /^Sign in as/ }).first().waitFor();
    return page;
  },
  overview: (view) => overview(view),
  "overview-table": async (view) => {
    const page = await overview(view);
    await page.getByRole("button", { name: "View as table" }).click();
    await page.getByRole("table").first().waitFor();
    return page;
  },
  period: async (view) => {
    const page = await overview(view);
    await page.getByRole("button", { name: /^Period/ }).click();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("alert").waitFor();
    return page;
  },
  account: async (view) => {
    const page = await overview(view);
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menu").waitFor();
    return page;
  },
  palette: async (view) => {
    const page = await overview(view);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Go to a page, or do something" }).waitFor();
    return page;
  },
  notices: async (view) => {
    const page = await overview(view);
    await page.getByRole("button", { name: /^Notifications/ }).click();
    await page.getByRole("dialog", { name: "Notifications" }).getByRole("listitem").first().waitFor();
    return page;
  },
  "notices-none": async (view) => {
    const page = await newPage(view);
    await signIn(page, "content");
    await page.goto("/");
    await page.getByRole("button", { name: /^Notifications/ }).click();
    await page.getByText("No notifications yet").waitFor();
    return page;
  },
  "overview-loading": async (view) => {
    const page = await newPage(view);
    await signIn(page);
    await page.route("**/v1/metrics/query*", () => undefined);
    await page.goto("/");
    await page.getByRole("status", { name: "Loading" }).waitFor();
    return page;
  },
  "overview-error": async (view) => {
    const page = await newPage(view);
    await signIn(page);
    await page.route("**/v1/metrics/query*", (r) => r.fulfill({ status: 503, contentType: "application/problem+json", json: { status: 503, code: "unavailable", detail: "the database does not answer" } }));
    await page.goto("/");
    await page.getByRole("alert").waitFor();
    return page;
  },
  bd: (view) => consoleOf("bd", view),
  content: (view) => consoleOf("content", view),
  operator: (view) => consoleOf("operator", view),
  "not-found": async (view) => {
    const page = await newPage(view);
    await page.goto("/nowhere");
    await page.getByRole("link", { name: "To the start page" }).waitFor();
    return page;
  },
  welcome: async (view) => {
    const page = await overview(view);
    await openAssistant(page);
    await page.getByRole("list", { name: "Suggested questions" }).waitFor();
    return page;
  },
  answers: async (view) => {
    const page = await overview(view);
    await openAssistant(page);
    await ask(page, "How does this week's commission compare with last week's?");
    await ask(page, "How much commission did I earn this week per day?");
    return page;
  },
  lists: async (view) => {
    const page = await overview(view);
    await openAssistant(page);
    await ask(page, "Top 5 referees by commission this month");
    await ask(page, "List my newest referees");
    return page;
  },
  ...Object.fromEntries(Object.keys(cardKinds).map((kind) => [`card-${kind}`, (view: View) => showCard(kind as keyof typeof cardKinds, view)])),
  ...Object.fromEntries(Object.entries(partnerPages).map(([name, path]) => [name, (view: View) => partnerPage(view, path)])),
  "share-code": async (view) => {
    const page = await partnerPage(view, "/codes");
    await page.getByRole("button", { name: /^Share: / }).first().click();
    await page.getByRole("img", { name: /^QR code/ }).waitFor();
    return page;
  },
  "referee-filters": async (view) => {
    const page = await partnerPage(view, "/referees");
    await page.getByRole("button", { name: /^Filters/ }).click();
    await page.getByLabel("Country").fill("Vietnam");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByText(/Two letters are wanted/).waitFor();
    return page;
  },
  history: async (view) => {
    const page = await overview(view);
    await openAssistant(page);
    await ask(page, "How much commission did I earn this week?");
    await page.getByRole("button", { name: "History" }).click();
    await page.locator("#assistant li").first().waitFor();
    return page;
  },
};

async function consoleOf(role: string, view: View) {
  const page = await newPage(view);
  await signIn(page, role);
  await page.goto("/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}
