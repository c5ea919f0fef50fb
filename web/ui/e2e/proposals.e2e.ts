import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, expectAccessible, expectNoSideScroll, lengthen, newPage, openAssistant, shot, signIn, useBrowser, type View } from "./browser";

useBrowser();

const cards = (page: Page) => page.locator("#assistant section.card");
let made = 0;
const fresh = () => `E2E${Date.now().toString(36).toUpperCase()}${++made}`;

/** A chat in which the assistant has proposed a code. */
async function proposed(view: View = {}): Promise<{ page: Page; code: string }> {
  const page = await newPage(view);
  await signIn(page);
  await page.goto("/");
  await openAssistant(page);
  const code = fresh();
  await ask(page, `create a code ${code} with 10% spot and 5% futures`);
  await cards(page).last().waitFor();
  return { page, code };
}

const codesOf = async (page: Page) => ((await (await page.request.get("/v1/codes")).json()) as { rows: { key: string }[] }).rows.map((r) => r.key);
const said = (page: Page, text: string) => page.getByRole("log").getByText(text);
const confirm = (page: Page, code: string) => page.getByRole("button", { name: `Create code ${code}` });

describe("the confirm card", () => {
  it("shows what will happen, and a double click makes it happen once", async () => {
    const { page, code } = await proposed();
    const card = cards(page).last();
    for (const text of [`Create the referral code ${code}`, "10%", "5%", "You keep, spot and margin", "Expires in"]) expect(await card.getByText(text).count(), text).toBeGreaterThan(0);
    await ask(page, "yes");
    expect(await codesOf(page)).not.toContain(code);
    let sent = 0;
    page.on("request", (r) => {
      if (r.url().endsWith("/approve")) sent++;
    });
    await confirm(page, code).dblclick();
    await said(page, `The referral code ${code} is created.`).waitFor();
    expect(await codesOf(page)).toContain(code);
    expect(sent).toBe(1);
    await expect.poll(() => confirm(page, code).count()).toBe(0);
    await shot(page, "proposal-done");
    await page.reload();
    await said(page, `The referral code ${code} is created.`).waitFor();
    expect(await confirm(page, code).count()).toBe(0);
    await page.context().close();
  });

  it("declines for good, by keyboard", async () => {
    const { page, code } = await proposed();
    await page.getByRole("button", { name: "Decline", exact: true }).focus();
    await page.keyboard.press("Enter");
    await said(page, "You declined this").waitFor();
    expect(await confirm(page, code).count()).toBe(0);
    expect(await codesOf(page)).not.toContain(code);
    await page.context().close();
  });

  it("is replaced by a corrected one, in both tabs", async () => {
    const { page, code } = await proposed();
    await ask(page, "make it 12% spot");
    await expect.poll(() => page.getByText("Replaced by a newer proposal").count()).toBe(1);
    expect(await confirm(page, code).count()).toBe(1);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await confirm(other, code).waitFor();
    await confirm(page, code).click();
    await said(other, `The referral code ${code} is created.`).waitFor();
    expect(await confirm(other, code).count()).toBe(0);
    await page.context().close();
  });

  it("says why it was refused, and lets it be tried again", async () => {
    const { page, code } = await proposed();
    let tries = 0;
    await page.route(/\/approve$/, (r) => {
      tries++;
      if (tries === 1) return r.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify({ status: 409, code: "conflict", field: "balance", detail: "the balance is short" }) });
      return tries === 2 ? r.abort() : r.continue();
    });
    await confirm(page, code).click();
    await page.getByRole("alert").filter({ hasText: "the balance is short" }).waitFor();
    await confirm(page, code).click();
    await page.getByRole("alert").filter({ hasText: "never done twice" }).waitFor();
    expect(await codesOf(page)).not.toContain(code);
    await confirm(page, code).click();
    await said(page, `The referral code ${code} is created.`).waitFor();
    await page.context().close();
  });

  it("expires by the clock", async () => {
    const { page, code } = await proposed();
    await page.clock.install();
    await page.reload();
    await confirm(page, code).waitFor();
    await page.clock.fastForward("16:00");
    await expect.poll(() => confirm(page, code).count()).toBe(0);
    expect(await page.getByText("Expired. Nothing was changed.").count()).toBe(1);
    await page.context().close();
  });

  for (const view of [{ width: 1366 }, { width: 360, theme: "dark" as const, locale: "vi-VN" }]) {
    it(`is accessible and fits at ${view.width}, ${view.theme ?? "light"}`, async () => {
      const { page } = await proposed(view);
      await expectAccessible(page, "confirm card");
      await shot(page, `proposal-${view.width}`);
      await lengthen(page);
      await expectNoSideScroll(page, "confirm card");
      await page.context().close();
    });
  }
});
