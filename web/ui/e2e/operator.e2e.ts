import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { ask, expectAccessible, expectNoSideScroll, newPage, openAssistant, overview, shot, signIn, useBrowser, type View } from "./browser";

useBrowser();

const question = `How much commission did I earn this week? ${Date.now()}`;
const pages = { figures: "Figures", reviews: "Reviews", evaluation: "Evaluation", terms: "Rates and rules", ingest: "Ingest" };

async function operator(path: string, view: View = {}): Promise<Page> {
  const page = await newPage(view);
  await signIn(page, "operator");
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

// A partner does not like an answer.
beforeAll(async () => {
  const page = await overview();
  await openAssistant(page);
  await ask(page, question);
  await page.getByRole("button", { name: "Bad answer" }).last().click();
  await page.getByRole("checkbox").first().click();
  await page.getByRole("textbox", { name: /What should it have said/ }).fill("Another figure.");
  await page.getByRole("button", { name: "Send", exact: true }).last().click();
  await page.getByTestId("announcer").filter({ hasText: "Thank you for your feedback" }).waitFor({ state: "attached" });
  await page.context().close();
});

describe("the operator", () => {
  it("reaches each page, on a phone too", async () => {
    const page = await operator("/", { width: 390 });
    for (const [path, title] of Object.entries(pages)) {
      await page.getByRole("button", { name: "Open menu" }).click();
      await page.getByRole("dialog").getByRole("link", { name: title, exact: true }).click();
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/${path}`);
      await expect.poll(() => page.title()).toBe(`${title} · Partner Hub`);
    }
    await page.context().close();
  });

  it("turns a thumb down into a case file with one action", async () => {
    const page = await operator("/reviews");
    const review = page.locator("main li", { hasText: question });
    await review.getByText("Another figure.").waitFor();
    await review.getByRole("button", { name: "Make a case" }).click();
    await expect.poll(() => page.getByTestId("announcer").textContent()).toMatch(/^Case review-.* made$/);
    const saved = page.waitForEvent("download");
    await review.getByRole("button", { name: "Download the case" }).click();
    const file = await readFile(await (await saved).path(), "utf8");
    expect(file).toContain(`> ${question}`);
    expect(file).toContain("-- dialog.recorded --");
    await page.getByLabel("State").selectOption("case");
    await review.waitFor();
    expect(new URL(page.url()).searchParams.get("state")).toBe("case");
    await page.context().close();
  });

  it("sees the figures of a period", async () => {
    const page = await operator("/figures");
    await page.getByRole("heading", { name: "Helpfulness" }).waitFor();
    await page.getByRole("img", { name: /Answers per day/ }).waitFor();
    await page.context().close();
  });

  it("is the only one who does", async () => {
    const page = await newPage();
    await signIn(page, "bd");
    await page.goto("/figures");
    await page.getByText("Not for your role").waitFor();
    await page.context().close();
  });

  for (const path of Object.keys(pages)) {
    for (const [theme, locale] of [["light", "en-US"], ["dark", "vi-VN"]] as const) {
      it(`reads ${path}: ${theme}, ${locale}, three widths`, async () => {
        const page = await operator(`/${path}`, { theme, locale });
        await page.waitForTimeout(900);
        for (const width of [1366, 768, 390]) {
          await page.setViewportSize({ width, height: 900 });
          await page.waitForTimeout(300);
          await expectNoSideScroll(page, `${path} at ${width}`);
          if (width !== 768) await expectAccessible(page, `${path} at ${width}`);
          await shot(page, `operator-${path}-${width}-${theme}`);
        }
        await page.context().close();
      });
    }
  }
});
