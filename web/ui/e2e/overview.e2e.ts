import { describe, expect, it } from "vitest";
import { newPage, overview, signIn, useBrowser } from "./browser";

useBrowser();

describe("the overview", () => {
  it("chooses periods by key, keeps them in the URL, and restores them", async () => {
    const page = await overview();
    await page.keyboard.press("m");
    await page.getByRole("button", { name: "Period: This month" }).waitFor();
    expect(new URL(page.url()).searchParams.get("period")).toBe("this_month");
    await page.keyboard.press("7");
    await page.getByRole("button", { name: "Period: Last 7 days" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Period: Last 7 days" }).waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Period: This month" }).waitFor();
    await page.context().close();
  });

  it("leaves keys alone where one writes, and where they are switched off", async () => {
    const page = await overview();
    await page.keyboard.press("Control+j");
    await page.locator("#assistant textarea").pressSequentially("my 7");
    expect(await page.getByRole("button", { name: "Period: This week" }).count()).toBe(1);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitemcheckbox").click();
    await page.keyboard.press("Escape");
    await page.locator("main").focus();
    await page.keyboard.press("m");
    await page.waitForTimeout(200);
    expect(await page.getByRole("button", { name: "Period: This week" }).count()).toBe(1);
    await page.context().close();
  });

  it("takes a custom range, both days included, and refuses one the wrong way round", async () => {
    const page = await overview();
    await page.keyboard.press("c");
    const from = page.getByLabel("From", { exact: true });
    await expect.poll(() => from.evaluate((e) => e === document.activeElement)).toBe(true);
    await from.fill("2026-11-10");
    await page.getByLabel("To, included").fill("2026-11-02");
    await page.getByRole("button", { name: "Apply" }).click();
    expect(await page.getByRole("alert").textContent()).toBe("The first day is after the last.");
    await from.fill("2026-11-01");
    await page.getByRole("button", { name: "Apply" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get("period")).toBe("2026-11-01..2026-11-03");
    await page.getByRole("button", { name: /^Period: .*1\s–\s2/ }).waitFor();
    await page.context().close();
  });

  it("says range, zone and as of when, and each tile's value, change and earlier figure", async () => {
    const page = await overview();
    await page.getByText(/·.*·\s*as of/).first().waitFor();
    const tiles = page.locator("main li.card");
    expect(await tiles.count()).toBe(4);
    for (const tile of await tiles.all()) {
      const text = await tile.innerText();
      expect(text).toMatch(/\d/);
      expect(text).toMatch(/before/);
      expect(await tile.locator(".sr-only").textContent()).toMatch(/up|down|no change|nothing earlier/);
    }
    await page.context().close();
  });

  it("shows the same figures in the chart's label and in the table", async () => {
    const page = await overview({}, "/?period=last_week");
    const label = (await page.getByRole("img", { name: /Commission per day/ }).getAttribute("aria-label")) ?? "";
    await page.getByRole("button", { name: "View as table" }).click();
    const cells = await page.getByRole("table").first().locator("tbody td:nth-of-type(1)").allTextContents();
    expect(cells).toHaveLength(7);
    for (const c of cells) expect(label).toContain(c);
    await page.context().close();
  });

  it("keeps to what the server says: amounts of any size, exactly", async () => {
    const page = await newPage();
    await signIn(page);
    await page.route("**/v1/metrics/query*", async (r) => {
      const res = await r.fetch();
      const body = (await res.json()) as { total: Record<string, { current: string }> };
      if (body.total.commission) body.total.commission.current = "9007199254740993.123457";
      await r.fulfill({ response: res, json: body });
    });
    await page.goto("/");
    await page.locator('main p[title="9,007,199,254,740,993.123457"]').waitFor(); // the tile; other parts of the page show it too
    await page.unrouteAll({ behavior: "wait" }); // an answer on its way has its body read still
    await page.context().close();
  });

  it("tells nothing yet, no activity, failure and no permission apart", async () => {
    const page = await newPage();
    await signIn(page);
    let zeros: string[] = [];
    await page.route("**/v1/metrics/query*", async (r) => {
      const res = await r.fetch();
      const body = (await res.json()) as { total: Record<string, object> };
      for (const m of zeros) body.total[m] = { current: 0, previous: 0, delta: 0, percent: null };
      // A request that was given up for another needs no answer.
      await r.fulfill({ response: res, json: body }).catch(() => undefined);
    });
    zeros = ["totalReferrals"];
    await page.goto("/");
    await page.getByText("Nothing here yet").waitFor();
    zeros = ["commission", "volume", "traders", "newReferrals"];
    await page.reload();
    await page.getByText("No activity in this period").waitFor();
    await page.getByRole("button", { name: "Show the last 30 days" }).click();
    await page.getByRole("button", { name: "Period: Last 30 days" }).waitFor();
    await page.unrouteAll({ behavior: "ignoreErrors" });
    for (const [status, text] of [[403, "Not for your role"], [422, "period is wrong"]] as const) {
      await page.route("**/v1/metrics/query*", (r) => r.fulfill({ status, contentType: "application/problem+json", json: { status, code: "x", detail: "period is wrong" } }));
      await page.reload();
      await page.getByText(text).waitFor();
      await page.unrouteAll({ behavior: "ignoreErrors" });
    }
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("img").first().waitFor();
    await page.context().close();
  });

  it("gives other roles a page of their own, and no assistant", async () => {
    for (const [role, title] of [["bd", "Your queue"], ["content", "Library"], ["operator", "Figures"]] as const) {
      const page = await newPage();
      await signIn(page, role);
      await page.goto("/");
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      expect(await page.locator("#assistant-entry").count()).toBe(0);
      for (const link of await page.getByRole("navigation").getByRole("link").all()) expect((await page.request.get((await link.getAttribute("href")) ?? "")).ok()).toBe(true);
      await page.context().close();
    }
  });
});
