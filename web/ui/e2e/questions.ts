import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { ask, openAssistant, overview, type View } from "./browser";

// What to ask for each kind of card, and what to do then on the card before.

export const cardKinds = {
  explain: ["Why did my commission change this month?"],
  summary: ["Analyze my performance for the past month"],
  anomalies: ["Any anomalies in the past 30 days?"],
  activity: ["Show the referee activity of the last 30 days"],
  trades: ["Why did my commission change this month?", toTrades],
  trade: ["Why did my commission change this month?", toTrades, (page) => follow(page, /^Trace trade /)],
  rewards: ["Show my reward records"],
  codes: ["Show my referral codes"],
  tasks: ["Show my tasks"],
  simulation: ["Simulate a futures trading task for 10002 over the last 30 days, 50k gets 30 USDT"],
  programs: ["Show my programs"],
} satisfies Record<string, [string, ...((page: Page) => Promise<void>)[]]>;

export type CardKind = keyof typeof cardKinds;

/** The card of the last answer. */
export const lastCard = (page: Page): Locator => page.locator("#assistant section.card").last();

/** Asks on by a link within the last card, and waits for the next card. */
export async function follow(page: Page, link: RegExp | Locator) {
  const cards = page.locator("#assistant article section.card");
  const before = await cards.count();
  await (link instanceof RegExp ? lastCard(page).getByRole("button", { name: link }).first() : link).click();
  await cards.nth(before).waitFor();
  await page.locator("#assistant form button[type=submit]").waitFor();
}

/** From the card of a change to the trades of the referee who moved most; the causes of a change need not name one. */
export async function toTrades(page: Page) {
  await lastCard(page).getByRole("tab", { name: "Referee", exact: true }).click();
  await follow(page, lastCard(page).getByRole("list", { name: "The change by: Referee" }).getByRole("button", { name: "Trades", exact: true }).first());
}

/** A page with a card of the kind on it, in a chat of its own. */
export async function showCard(kind: CardKind, view: View = {}): Promise<Page> {
  const page = await overview(view);
  await openAssistant(page);
  const [question, ...steps] = cardKinds[kind] as [string, ...((page: Page) => Promise<void>)[]];
  await ask(page, question);
  for (const step of steps) await step(page);
  // Else a card of another kind would pass for it.
  expect((await shownData(page)).kind).toBe(kind.startsWith("trade") ? "trace" : kind);
  return page;
}

export interface Shown<D> {
  kind: string;
  args: Record<string, unknown>;
  data: D;
}

/** What the server says that the last card shows. */
export async function shownData<D>(page: Page): Promise<Shown<D>> {
  const id = new URL(page.url()).searchParams.get("chat") ?? "";
  const res = await page.request.get(`/v1/conversations/${id}/events?after=0`);
  const { items } = (await res.json()) as { items: { name?: string; value?: Shown<D> }[] };
  const card = items.filter((e) => e.name === "card").at(-1)?.value;
  if (!card) throw new Error("the thread has no card");
  return card;
}
