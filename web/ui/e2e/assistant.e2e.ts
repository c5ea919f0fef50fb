import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, composer, idle, log, openAssistant, overview, useBrowser } from "./browser";

useBrowser();

const question = "How much commission did I earn this week?";
const ambiguous = "show me my data";
const focused = (page: Page) => composer(page).evaluate((e) => e === document.activeElement);
const articles = (page: Page) => page.locator("#assistant article");
const announced = (page: Page) => page.getByTestId("announcer").textContent();

describe("keys", () => {
  it.each([1366, 390])("Ctrl-J opens with the composer focused, Esc closes and gives the focus back, at %i", async (width) => {
    const page = await overview({ width });
    const period = page.getByRole("button", { name: /^Period/ });
    await period.focus();
    await page.locator("button[aria-haspopup][aria-label^='Period']").waitFor(); // with its menu's code comes another button in its place
    await expect.poll(() => period.evaluate((e) => e === document.activeElement)).toBe(true);
    await page.keyboard.press("Control+j");
    await composer(page).waitFor();
    await expect.poll(() => focused(page)).toBe(true);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.locator("#assistant").count()).toBe(0);
    await expect.poll(() => period.evaluate((e) => e === document.activeElement)).toBe(true);
    await page.locator("#assistant-entry").click();
    await expect.poll(() => focused(page)).toBe(true);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("assistant-entry");
    await page.context().close();
  });

  it("Ctrl-K finds pages and commands by name, and asks what has none", async () => {
    const page = await overview();
    const palette = page.getByRole("combobox", { name: "Go to a page, or do something" });
    await page.keyboard.press("Control+k");
    await palette.fill("task");
    await page.getByRole("option", { name: /^Task Center/ }).waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).toBe("/tasks");
    await palette.waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await palette.fill("dark");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe("rgb(15, 17, 19)");
    await page.keyboard.press("Control+k");
    await palette.fill("How much commission did I earn this week?");
    await page.keyboard.press("Enter");
    await page.locator("#assistant section.card").first().waitFor();
    await page.keyboard.press("Control+k");
    await palette.waitFor();
    await page.keyboard.press("Escape");
    await palette.waitFor({ state: "detached" });
    await page.context().close();
  });

  it("Enter sends, Shift-Enter breaks the line, Enter within an input method does neither", async () => {
    const page = await overview();
    await openAssistant(page);
    const field = composer(page);
    await field.pressSequentially("one");
    await field.press("Shift+Enter");
    await field.pressSequentially("two");
    expect(await field.inputValue()).toBe("one\ntwo");
    await field.dispatchEvent("compositionstart");
    await field.evaluate((e) => e.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, isComposing: true, cancelable: true })));
    await page.waitForTimeout(150);
    expect(await field.inputValue()).toBe("one\ntwo");
    expect(await articles(page).count()).toBe(0);
    await field.dispatchEvent("compositionend");
    await field.fill("   ");
    await field.press("Enter");
    expect(await articles(page).count()).toBe(0);
    await page.context().close();
  });
});

describe("an answer", () => {
  it("streams, comes with a card, and is announced once, at its end", async () => {
    const page = await overview();
    await openAssistant(page);
    await ask(page, question);
    const answer = articles(page).last();
    await answer.getByText(question).waitFor();
    expect(await answer.locator("section.card").count()).toBe(1);
    await answer.getByText(/·.*·\s*as of/).waitFor();
    expect(await announced(page)).toMatch(/^Answer complete\. .*\d/);
    expect(await page.locator("[aria-live=polite]").count()).toBe(1);
    expect(await log(page).getAttribute("aria-live")).toBe("off");
    await page.context().close();
  });

  it("can be copied", async () => {
    const page = await overview();
    await openAssistant(page);
    await ask(page, question);
    await page.getByRole("button", { name: "Copy answer" }).click();
    await expect.poll(() => announced(page)).toBe("Copied");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/\d/);
    await page.context().close();
  });

  it("keeps the context over a suggestion", async () => {
    const page = await overview();
    await openAssistant(page);
    await page.getByRole("list", { name: "Suggested questions" }).getByRole("button").first().click();
    await articles(page).first().waitFor();
    await idle(page);
    const next = page.getByRole("list", { name: "Suggested questions" }).getByRole("button").first();
    const text = (await next.textContent()) ?? "";
    await next.click();
    await articles(page).nth(1).filter({ hasText: text }).waitFor();
    await idle(page);
    expect(await articles(page).count()).toBe(2);
    await page.context().close();
  });

  it("asks back with options, which are disabled once one is chosen, and in history", async () => {
    const page = await overview();
    await openAssistant(page);
    await ask(page, ambiguous);
    const options = page.getByRole("group", { name: "Choose one" }).first().getByRole("button");
    const chosen = (await options.first().textContent()) ?? "";
    expect(await options.first().isEnabled()).toBe(true);
    await options.first().click();
    await articles(page).nth(1).waitFor();
    await idle(page);
    const settled = async () => {
      for (const o of await options.all()) expect(await o.isDisabled()).toBe(true);
      expect(await options.first().getAttribute("aria-pressed")).toBe("true");
    };
    await settled();
    expect(await articles(page).nth(1).getByText(chosen, { exact: true }).count()).toBeGreaterThan(0);
    await page.reload();
    await articles(page).nth(1).waitFor();
    await settled();
    await page.context().close();
  });

  it("stays where the reader is, with a way to the latest", async () => {
    const page = await overview({ height: 600 });
    await openAssistant(page);
    await ask(page, question);
    await ask(page, "Top 5 referees by commission this month");
    const atEnd = () => log(page).evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight < 4);
    await expect.poll(atEnd).toBe(true);
    await log(page).hover();
    await page.mouse.wheel(0, -400);
    const jump = page.getByRole("button", { name: "Jump to latest" });
    await jump.waitFor();
    await jump.click();
    await expect.poll(atEnd).toBe(true);
    expect(await jump.count()).toBe(0);
    await page.context().close();
  });
});

describe("conversations", () => {
  it("can be found, renamed, continued and deleted", async () => {
    const page = await overview();
    await openAssistant(page);
    await ask(page, "How much commission did I earn from 3 to 5 November?"); // by other words than any other test's: they may run beside this
    const name = `Review ${Date.now()}`;
    await page.getByRole("button", { name: "History" }).click();
    await page.getByRole("button", { name: /^More for .*3 to 5 November/ }).first().click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByRole("textbox", { name: "New name" }).fill(name);
    await page.keyboard.press("Enter");
    const row = page.locator("#assistant li", { hasText: name });
    await row.waitFor();
    await page.getByRole("button", { name: "New chat" }).click();
    await page.getByRole("list", { name: "Suggested questions" }).waitFor();
    expect(new URL(page.url()).searchParams.get("chat")).toBe("new");

    await page.getByRole("button", { name: "History" }).click();
    const search = page.getByRole("searchbox", { name: "Search conversations" });
    await search.fill("no such thing");
    await page.getByText("No conversation matches").waitFor();
    await page.getByRole("button", { name: "Clear the search" }).click();
    await search.fill(name.toLowerCase());
    await expect.poll(() => page.locator("#assistant li").count()).toBe(1);
    await row.getByRole("button").first().click();
    await articles(page).first().waitFor();
    await ask(page, "How does it compare to last week?");
    expect(await articles(page).count()).toBe(2);

    await page.getByRole("button", { name: "History" }).click();
    await page.getByRole("button", { name: `More for ${name}` }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => announced(page)).toBe("Conversation deleted");
    await page.reload();
    await composer(page).waitFor();
    await page.getByRole("button", { name: "History" }).click();
    await page.getByRole("searchbox").waitFor();
    await page.waitForTimeout(500);
    expect(await row.count()).toBe(0);
    await page.context().close();
  });

  it("are searched on the server, also those that are not listed yet", async () => {
    const page = await overview();
    const asked: string[] = [];
    await page.route(/\/v1\/conversations(\?|$)/, async (r) => {
      const search = new URL(r.request().url()).searchParams.get("search");
      asked.push(search ?? "");
      await r.fulfill({ json: { items: search === "old" ? [{ id: "0193b0a0-0000-7000-8000-00000000beef", title: "An old one", updatedAt: "2026-01-01T00:00:00Z" }] : [] } });
    });
    await openAssistant(page);
    await page.getByRole("button", { name: "History" }).click();
    await page.getByRole("searchbox").pressSequentially("old");
    await page.locator("#assistant li", { hasText: "An old one" }).waitFor();
    expect(asked).not.toContain("o"); // not for each key
    await page.context().close();
  });

  it("are shown as they were when a rename is refused", async () => {
    const page = await overview();
    await openAssistant(page);
    await ask(page, question);
    await page.route("**/v1/conversations/*", (r) => (r.request().method() === "PATCH" ? r.fulfill({ status: 503, json: { detail: "later" } }) : r.continue()));
    await page.getByRole("button", { name: "History" }).click();
    const first = page.locator("#assistant li").first();
    const before = await first.textContent();
    await page.getByRole("button", { name: /^More for/ }).first().click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByRole("textbox", { name: "New name" }).fill("refused");
    await page.keyboard.press("Enter");
    await expect.poll(() => first.textContent()).toBe(before);
    await page.context().close();
  });

  it("that do not exist are said to be gone", async () => {
    const page = await overview({}, "/?chat=0193b0a0-0000-7000-8000-00000000dead");
    await page.getByText("This conversation no longer exists.").waitFor();
    await page.context().close();
  });

  it("keep what is half written over a reload", async () => {
    const page = await overview();
    await openAssistant(page);
    await composer(page).fill("half a que");
    await page.reload();
    await composer(page).waitFor();
    expect(await composer(page).inputValue()).toBe("half a que");
    await page.context().close();
  });
});
