import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, expectAccessible, expectNoSideScroll, newPage, openAssistant, overview, shot, signIn, useBrowser, type View } from "./browser";

useBrowser();

const front = (title: string) => `---\ntitle: ${title}\nslug: e2e-parking\nkind: rule\n---\n`;
const article = `${front("Parking")}## Where do zeppelins park?\nZeppelins park on the roof.\n`;

async function editor(path: string, view: View = {}): Promise<Page> {
  const page = await newPage(view);
  await signIn(page, "content");
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

const choose = (page: Page, name: string, text: string) => page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/markdown", buffer: Buffer.from(text) });

describe("the content team", () => {
  it("uploads, tries, publishes and goes back", async () => {
    const page = await editor("/");
    await expect.poll(() => new URL(page.url()).pathname).toBe("/library");
    await page.getByRole("button", { name: /^Serve version/ }).or(page.getByText("Served", { exact: true })).first().waitFor();

    await choose(page, "bad.md", "---\ntitle: A\nslug: a\nkind: rule\nrole: admin\n---\nText.\n");
    await page.getByRole("alert").filter({ hasText: "line 5" }).waitFor();

    await page.getByRole("checkbox", { name: "Check only" }).check();
    await choose(page, "parking.md", article);
    await page.getByText("1 article, nothing wrong").waitFor();
    await page.getByText("No drafts", { exact: true }).waitFor();

    await page.getByRole("checkbox", { name: "Check only" }).uncheck();
    await choose(page, "parking.md", article);
    await page.getByRole("button", { name: "Drop the draft of “Parking”" }).waitFor();

    const tried = page.getByRole("region", { name: "Try a question" });
    await tried.getByRole("textbox", { name: "Question" }).fill("where do zeppelins park");
    await tried.getByRole("button", { name: "Try it" }).click();
    await tried.getByText("Draft", { exact: true }).waitFor();
    await tried.getByText("Answers", { exact: true }).first().waitFor();

    await page.getByRole("textbox", { name: "What changed, for the list of versions" }).fill("parking");
    await page.getByRole("button", { name: "Publish the drafts" }).click();
    await page.getByText(/Version \d+ is served now/).first().waitFor();
    await page.getByText("No drafts", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Draft that “Parking” goes" }).waitFor();

    // A partner asks, and the assistant cites it.
    const partner = await overview();
    await openAssistant(partner);
    await ask(partner, "Where do zeppelins park?");
    await partner.getByRole("log").getByText(/Zeppelins park on the roof/).first().waitFor();
    await partner.getByRole("list", { name: "Sources" }).getByRole("button", { name: /Where do zeppelins park/ }).waitFor();
    await partner.context().close();

    // Back to the version before.
    await page.getByRole("button", { name: /^Serve version \d+ again$/ }).first().click();
    await page.getByRole("button", { name: "Draft that “Parking” goes" }).waitFor({ state: "detached" });
    await page.context().close();
  });

  for (const [theme, locale, width] of [["light", "en", 1366], ["dark", "vi", 390], ["light", "vi", 768]] as const) {
    it(`reads its pages: ${theme}, ${locale}, ${width}`, async () => {
      const page = await editor("/library", { theme, width });
      await page.evaluate((l) => localStorage.setItem("partnerhub.locale", l), locale);
      for (const path of ["/library", "/gaps"]) {
        await page.goto(path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.waitForLoadState("networkidle");
        await expectAccessible(page, path);
        await expectNoSideScroll(page, path);
        await shot(page, `${path.slice(1)}-${width}-${theme}-${locale}`);
      }
      await page.context().close();
    });
  }
});

describe("a rule answer", () => {
  it("cites sections that open in their version", async () => {
    for (const view of [{}, { theme: "dark", width: 390 }] as View[]) {
      const page = await overview(view);
      await openAssistant(page);
      await ask(page, "When are commissions settled?");
      const first = page.getByRole("list", { name: "Sources" }).getByRole("button").first();
      await shot(page, `rules-${view.width ?? 1366}`);
      await first.click();
      const drawer = page.getByRole("dialog", { name: "When is commission settled?" });
      await drawer.getByText("08:00").first().waitFor();
      await drawer.getByText("In force now").waitFor();
      await page.waitForTimeout(300);
      await expectAccessible(page, "citation");
      await expectNoSideScroll(page, "citation");
      await shot(page, `citation-${view.width ?? 1366}`);
      await page.keyboard.press("Escape");
      await drawer.waitFor({ state: "detached" });
      await page.context().close();
    }
  });

  it("recommends with reasons and links", async () => {
    const page = await overview();
    await openAssistant(page);
    await ask(page, "What events can I promote now?");
    await page.locator("#assistant section.card").getByRole("link", { name: /^Read on/ }).first().waitFor();
    await expectAccessible(page, "resources");
    await shot(page, "resources");
    await page.context().close();
  });
});
