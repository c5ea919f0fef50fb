import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, base, expectAccessible, expectNoSideScroll, newPage, openAssistant, send, shot, signIn, signInAs, useBrowser } from "./browser";

useBrowser();

// The demo program's partner sets tasks to partners of their own who join here, with nothing traded yet.

interface TaskRow {
  id: number;
  title?: string;
  funded: string;
  paid: string;
}

let made = 0;
const fresh = () => `Sprint ${Date.now().toString(36)}${String(++made)}`;

async function at(path: string, uid?: number): Promise<Page> {
  const page = await newPage();
  if (uid) await signInAs(page, uid, "partner");
  else await signIn(page);
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

/** Somebody who signed up with a code, the demo partner's, a minute ago, and became a partner with a code of their own. */
async function join(referralCode = "NOVA"): Promise<{ uid: number; code: string }> {
  const uid = 500_000_000 + (Date.now() % 400_000_000);
  const code = `JOIN${String(uid)}`;
  const time = new Date(Date.now() - 60_000).toISOString();
  await send([
    { id: `join-${String(uid)}`, type: "account.registered", time, uid, referralCode, country: "VN" },
    { id: `enrol-${String(uid)}`, type: "partner.enrolled", time, uid, spotRate: "0.3", futuresRate: "0.3" },
    { id: `code-${String(uid)}`, type: "referral_code.created", time, uid, code },
  ]);
  return { uid, code };
}

const tasksOf = async (page: Page, side = "created") => ((await (await page.request.get(`/v1/tasks?side=${side}&limit=100`)).json()) as { items: TaskRow[] }).items;
const named = async (page: Page, title: string) => (await tasksOf(page)).filter((t) => t.title === title);
const balance = async (page: Page) => Number(((await (await page.request.get("/v1/fund")).json()) as { balance: string }).balance);
const next = (page: Page) => page.getByRole("button", { name: "Continue" }).click();

/** The wizard up to its last step: a trading task for the sub-partner with two tiers. */
async function toFunding(page: Page, title: string, sub: number) {
  await page.goto("/tasks/new");
  await page.getByRole("radio", { name: /^Partners by UID/ }).check();
  await page.getByRole("textbox", { name: "UIDs" }).fill(String(sub));
  await page.getByText("1 partner qualifies").waitFor();
  await next(page);
  await page.getByRole("radio", { name: /^Trading task/ }).check();
  await page.getByRole("radio", { name: "Futures", exact: true }).check();
  await page.getByRole("textbox", { name: /^Tier 1: Volume from/ }).fill("1000");
  if ((await page.getByRole("textbox", { name: /^Tier 2: Volume from/ }).count()) === 0) await page.getByRole("button", { name: "Add a tier" }).click();
  await page.getByRole("textbox", { name: /^Tier 2: Volume from/ }).fill("2500");
  await page.getByRole("combobox", { name: "Reward" }).nth(0).selectOption("10");
  await page.getByRole("combobox", { name: "Reward" }).nth(1).selectOption("30");
  await page.getByRole("textbox", { name: "Title" }).fill(title);
  await next(page);
  await page.getByLabel("First day").fill(new Date().toISOString().slice(0, 10));
  await next(page);
}

const trade = (id: string, uid: number, volume: string) => ({ id, type: "trade.executed", time: new Date().toISOString(), uid, tradeId: id, product: "futures", symbol: "BTCUSDT", side: "buy", volume, feeGross: "1", feePaid: "1" });

describe("a task", () => {
  it("is created and funded by the wizard, once, and pays the sub-partner as they trade", async () => {
    const { uid } = await join();
    const page = await at("/tasks");
    const title = fresh();
    await page.getByRole("link", { name: "New task" }).first().click();
    await toFunding(page, title, uid);
    const confirm = page.getByRole("button", { name: "Fund 40.00 USDT and create" });
    await confirm.waitFor();
    await page.getByRole("button", { name: "Simulate" }).click();
    await page.getByText("Would have cost, USDT").waitFor();
    await expectAccessible(page, "funding a task");
    await shot(page, "task-fund");
    const before = await balance(page);
    await confirm.dblclick();
    await page.waitForURL(/\/tasks\/\d+$/);
    await page.getByRole("heading", { name: title }).waitFor();
    await page.getByText("In progress").first().waitFor();
    expect((await named(page, title)).map((t) => Number(t.funded))).toEqual([40]);
    expect(before - (await balance(page))).toBe(40);

    // The sub-partner sees it, trades, and is paid.
    const sub = await at("/tasks?side=assigned", uid);
    await sub.getByRole("link", { name: `Details: ${title}` }).click();
    await sub.getByText(/\b1,000(\.00)? USDT more for the next 10(\.00)? USDT/).waitFor();
    const had = await balance(sub);
    const first = trade(`${title} 1`, uid, "1600");
    await send([first]);
    await expect.poll(() => balance(sub), { timeout: 15_000 }).toBe(had + 10);
    await sub.reload();
    await sub.getByText(/\b900(\.00)? USDT more for the next 30(\.00)? USDT/).waitFor();
    await expectAccessible(sub, "an assigned task");
    await expectNoSideScroll(sub, "an assigned task");
    await shot(sub, "task-assigned-half");
    // The same events again, and the rest: each step is paid once.
    await send([first, trade(`${title} 2`, uid, "900")]);
    await expect.poll(() => balance(sub), { timeout: 15_000 }).toBe(had + 40);
    await sub.reload();
    await sub.getByText("Every step is reached").waitFor();
    await sub.getByRole("button", { name: /^Notifications/ }).click();
    await sub.getByRole("dialog", { name: "Notifications" }).getByText(title).first().waitFor();

    await page.reload();
    await page.getByText(`Progress of ${String(uid)}`).or(page.getByLabel(`Progress of ${String(uid)}`)).first().waitFor();
    expect((await named(page, title)).map((t) => Number(t.paid))).toEqual([40]);
    await shot(page, "task-paid");
    for (const width of [360, 768]) {
      await page.setViewportSize({ width, height: 900 });
      await expectNoSideScroll(page, `a paid task at ${String(width)}`);
    }
    await page.context().close();
    await sub.context().close();
  });

  it("runs longer, is told of again, and is cancelled with the rest of its money back", async () => {
    const { uid } = await join();
    const page = await at("/tasks");
    const title = fresh();
    const before = await balance(page);
    await toFunding(page, title, uid);
    await page.getByRole("button", { name: "Fund 40.00 USDT and create" }).click();
    await page.getByRole("heading", { name: title }).waitFor();
    await page.getByRole("button", { name: "Extend" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Extend" }).click();
    await page.getByText("The task runs longer now").first().waitFor();
    await page.getByRole("button", { name: "Add rewards" }).click();
    const more = page.getByRole("dialog");
    await more.getByRole("textbox", { name: "Volume from" }).fill("2000");
    await more.getByRole("button", { name: "Add rewards" }).click();
    await more.getByText(/must be above/).waitFor();
    await more.getByRole("textbox", { name: "Volume from" }).fill("5000");
    await more.getByText("Set aside for it now: 30.00 USDT").waitFor();
    await expectAccessible(page, "adding rewards to a task");
    await more.getByRole("button", { name: "Add rewards" }).click();
    await page.getByText("The participants can earn more now").first().waitFor();
    const nudge = page.getByRole("button", { name: "Notify participants" });
    await nudge.click();
    await expect.poll(() => nudge.isDisabled()).toBe(true);
    await page.getByText("The participants are notified again").first().waitFor();
    await page.getByRole("button", { name: "Cancel task" }).click();
    await page.getByRole("dialog").getByText(/70\.00 USDT go back to your fund account/).waitFor();
    await expectAccessible(page, "cancelling a task");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel task" }).click();
    await page.getByText("Cancelled").first().waitFor();
    expect(await balance(page)).toBe(before);
    expect(await page.getByRole("button", { name: "Extend" }).count()).toBe(0);
    await page.context().close();
  });

  it("is not funded by more than there is, and says what is missing", async () => {
    const poor = await join();
    const below = await join(poor.code);
    const page = await at("/tasks", poor.uid);
    await toFunding(page, fresh(), below.uid);
    await page.getByRole("alert").getByText(/^40(\.00)? USDT are missing/).waitFor();
    expect(await page.getByRole("button", { name: /^Fund 40/ }).isDisabled()).toBe(true);
    await expectAccessible(page, "short balance");
    await shot(page, "task-short");
    // The server refuses it whatever a page shows.
    const day = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);
    const res = await page.request.post("/v1/tasks", { headers: { Origin: base, "Idempotency-Key": fresh() }, data: { type: "referral", targets: { uids: [below.uid] }, everyX: 1, reward: "10", maxRepeats: 1, start: day(1), end: day(2) } });
    expect((await res.json()) as object).toMatchObject({ status: 409, field: "balance" });
    expect(await tasksOf(page)).toEqual([]);
    await page.context().close();
  });

  it("is made in a chat: asked for slot by slot, corrected, approved", async () => {
    const page = await at("/");
    await openAssistant(page);
    await ask(page, "create a trading task for 10002 from today until next Friday, futures");
    await page.getByRole("log").getByText(/^Which volume earns which reward/).waitFor();
    await ask(page, "5000 volume for 30 USDT");
    const card = page.locator("#assistant section.card").last();
    await card.getByRole("button", { name: "Confirm and set 30.00 USDT aside" }).waitFor();
    await ask(page, "make it 50 USDT");
    const confirm = page.locator("#assistant section.card").last().getByRole("button", { name: "Confirm and set 50.00 USDT aside" });
    await confirm.waitFor();
    await expectAccessible(page, "a task to confirm");
    await shot(page, "task-proposed");
    const count = (await tasksOf(page)).length;
    await confirm.dblclick();
    await expect.poll(async () => (await tasksOf(page)).length).toBe(count + 1);

    // The chat shows what it made, and leads to its page.
    await ask(page, "show my tasks");
    const list = page.locator("#assistant section.card").last();
    await list.getByRole("progressbar", { name: "Budget" }).first().waitFor();
    const id = Math.max(...(await tasksOf(page)).map((t) => t.id));
    await ask(page, `show task ${String(id)}`);
    const one = page.locator("#assistant section.card").last();
    await one.getByRole("progressbar", { name: "Progress of 10002" }).waitFor();
    await expectAccessible(page, "a task in the chat");
    await shot(page, "task-in-chat");
    await one.getByRole("link").first().click();
    await page.waitForURL(new RegExp(`/tasks/${String(id)}\\b`));
    await page.context().close();
  });
});
