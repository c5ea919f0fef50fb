import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, expectAccessible, expectNoSideScroll, openAssistant, overview, shot, useBrowser, type View } from "./browser";

useBrowser();

const up = (page: Page) => page.getByRole("button", { name: "Good answer" }).last();
const down = (page: Page) => page.getByRole("button", { name: "Bad answer" }).last();
const pressed = (page: Page) => Promise.all([up(page).getAttribute("aria-pressed"), down(page).getAttribute("aria-pressed")]);
const announced = (page: Page) => page.getByTestId("announcer").textContent();

async function answered(view: View = {}) {
  const page = await overview(view);
  await openAssistant(page);
  await ask(page, "How much commission did I earn this week?");
  return page;
}

describe("a vote on an answer", () => {
  it("is given, changed, and there again after a reload", async () => {
    const page = await answered();
    await up(page).click();
    expect(await pressed(page)).toEqual(["true", "false"]);
    await expect.poll(() => announced(page)).toBe("Thank you for your feedback");
    await page.waitForTimeout(1200); // the popover has its code

    // The whole of it by keyboard.
    await down(page).focus();
    await page.keyboard.press("Enter");
    const reasons = page.getByRole("dialog", { name: "What was wrong?" });
    await reasons.waitFor();
    expect(await pressed(page)).toEqual(["false", "true"]);
    const first = reasons.getByRole("checkbox").first();
    await expect.poll(() => first.evaluate((e) => e === document.activeElement)).toBe(true);
    await page.keyboard.press("Space");
    await reasons.getByRole("textbox").fill("It should be more.");
    await reasons.getByRole("button", { name: "Send" }).press("Enter");
    await expect.poll(() => down(page).evaluate((e) => e === document.activeElement)).toBe(true);
    await expect.poll(() => announced(page)).toBe("Thank you for your feedback");

    await page.reload();
    await expect.poll(() => pressed(page)).toEqual(["false", "true"]);
    await down(page).click();
    await expect.poll(() => first.isChecked()).toBe(true);
    expect(await reasons.getByRole("textbox").inputValue()).toBe("It should be more.");
    // Escape closes the reasons, and not the panel.
    await page.keyboard.press("Escape");
    await reasons.waitFor({ state: "detached" });
    expect(await page.locator("#assistant").count()).toBe(1);
    await down(page).click();
    await reasons.getByRole("button", { name: "Take back" }).click();
    await expect.poll(() => pressed(page)).toEqual(["false", "false"]);
    await expect.poll(() => announced(page)).toBe("Feedback taken back");
    await page.reload();
    await down(page).waitFor();
    expect(await pressed(page)).toEqual(["false", "false"]);
    await page.context().close();
  });

  it("rolls back when the server does not take it", async () => {
    const page = await answered();
    await page.route("**/v1/feedback", (r) => (r.request().method() === "PUT" ? r.fulfill({ status: 503, contentType: "application/problem+json", json: { status: 503, code: "unavailable", detail: "no" } }) : r.continue()));
    await up(page).click();
    await page.locator("#assistant").getByRole("alert").filter({ hasText: "not saved" }).waitFor();
    expect(await pressed(page)).toEqual(["false", "false"]);
    await page.unrouteAll();
    await up(page).click();
    await expect.poll(() => pressed(page)).toEqual(["true", "false"]);
    expect(await page.locator("#assistant").getByRole("alert").count()).toBe(0);
    await page.context().close();
  });

  for (const [theme, locale, width] of [["light", "en-US", 1366], ["dark", "vi-VN", 390], ["light", "vi-VN", 768]] as const) {
    it(`is readable: ${theme}, ${locale}, ${width}`, async () => {
      const page = await answered({ theme, width, locale: "en-US" });
      if (locale === "vi-VN") {
        await page.evaluate(() => localStorage.setItem("partnerhub.locale", "vi"));
        await page.reload();
      }
      const bad = page.getByRole("button", { name: /Bad answer|Câu trả lời chưa tốt/ }).last();
      await bad.waitFor();
      await page.waitForTimeout(1200);
      await bad.click();
      await page.getByRole("checkbox").first().waitFor();
      await page.waitForTimeout(400);
      await expectAccessible(page, "reasons");
      await expectNoSideScroll(page, "reasons");
      await shot(page, `feedback-${width}-${theme}-${locale}`);
      await page.context().close();
    });
  }
});
