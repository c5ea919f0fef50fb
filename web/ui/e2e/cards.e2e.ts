import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { ActivityResult, AnomaliesResult, CodesResult, ExplainResult, RewardsResult, SummaryResult, TraceResult } from "../src/lib/contract";
import { less, sum } from "../src/lib/decimal";
import { ask, expectNoSideScroll, lengthen, newPage, openAssistant, shot, signIn, useBrowser } from "./browser";
import { cardKinds, follow, lastCard, showCard, shownData, toTrades, type CardKind } from "./questions";

useBrowser();

const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 6 });
const full = (v: string) => money.format(v as Intl.StringNumericLiteral);
const plain = (s: string) => s.replace(/\u2212/g, "-").replace(/[,+]/g, "");
const announced = (page: Page) => page.getByTestId("announcer").textContent();

/** The cells of the table that is open in the last card, row by row. */
async function cells(page: Page): Promise<string[][]> {
  const rows = await lastCard(page).getByRole("table").first().locator("tbody tr").all();
  return Promise.all(rows.map((r) => r.locator("th, td").allInnerTexts()));
}

const tab = (page: Page, name: string) => lastCard(page).getByRole("tab", { name, exact: true });
const asTable = (page: Page, nth = 0) => lastCard(page).getByRole("button", { name: "View as table" }).nth(nth).click();

describe("the card of a change", () => {
  it("shows parts that add up to it, by each dimension", async () => {
    const page = await showCard("explain");
    const { data } = await shownData<ExplainResult>(page);
    const delta = String(data.total.commission?.delta);
    for (const name of ["Referee", "Sub-partner", "Product", "Country", "Code", "Drivers"]) {
      await tab(page, name).click();
      await asTable(page);
      expect(sum(...(await cells(page)).map((row) => plain(row.at(-1) ?? ""))), name).toBe(delta);
    }
    await page.context().close();
  });

  it("draws them one after the other, by keyboard too", async () => {
    const page = await showCard("explain");
    const { data } = await shownData<ExplainResult>(page);
    await tab(page, "Drivers").focus();
    for (const next of ["Referee", "Sub-partner", "Product"]) {
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => tab(page, next).getAttribute("aria-selected")).toBe("true");
    }
    const drawing = lastCard(page).getByRole("list", { name: "The change by: Product" });
    expect(await drawing.getByRole("listitem").count()).toBe((data.byProduct ?? []).length + 1);
    for (const part of data.byProduct ?? []) expect(await drawing.locator(`[title="${String(part.delta).startsWith("-") ? "\u2212" : "+"}${full(String(part.delta).replace("-", ""))}"]`).count()).toBeGreaterThan(0);
    await page.context().close();
  });

  it("leads from a referee's part to their trades, and from a trade to how its fee was shared", async () => {
    const page = await showCard("explain");
    const part = (await shownData<ExplainResult>(page)).data.byReferee.find((p) => p.drill?.tool === "trace_commission");
    await toTrades(page);
    const list = await shownData<TraceResult>(page);
    expect(list.args).toEqual(part?.drill?.args);
    const booked = list.data.rows[0];
    await follow(page, lastCard(page).getByRole("button", { name: `Trace trade ${booked?.key ?? ""}` }).first());
    const { data } = await shownData<TraceResult>(page);
    expect(data.trade?.tradeId).toBe(booked?.key);
    const shares = lastCard(page).getByRole("img", { name: /How the fee was shared/ });
    if (data.trade?.feePaid !== "0") {
      const amounts = [...((await shares.getAttribute("aria-label")) ?? "").matchAll(/: ([\d.,]+) USDT/g)].map((m) => plain(m[1] ?? ""));
      expect(amounts).toHaveLength(3);
      expect(sum(...amounts)).toBe(data.trade?.feePaid);
    }
    await page.context().close();
  });

  it("asks nothing more while an answer is under way", async () => {
    const page = await newPage();
    await signIn(page);
    let held = false;
    await page.routeWebSocket(/\/v1\/chat\/ws/, (route) => {
      const server = route.connectToServer();
      route.onMessage((m) => server.send(m));
      server.onMessage((m) => {
        if (!(held && String(m).includes("RUN_FINISHED"))) route.send(m);
      });
    });
    await page.goto("/");
    await openAssistant(page);
    await ask(page, cardKinds.explain[0]);
    held = true;
    const card = page.locator("#assistant section.card").first();
    await card.getByRole("tab", { name: "Referee", exact: true }).click();
    const link = card.getByRole("button", { name: "Trades", exact: true }).first();
    await link.click();
    await page.locator("#assistant article").nth(1).waitFor();
    await expect.poll(() => link.getAttribute("aria-disabled")).toBe("true");
    await link.click({ force: true });
    await page.waitForTimeout(300);
    expect(await page.locator("#assistant article").count()).toBe(2);
    await page.context().close();
  });
});

describe("the card of a review", () => {
  it("has the totals, one chart, the funnel, the alerts and what to do next", async () => {
    const page = await showCard("summary");
    const { data } = await shownData<SummaryResult>(page);
    const card = lastCard(page);
    for (const m of ["commission", "volume"] as const) expect(await card.locator(`[title="${full(String(data.total[m]?.current))}"]`).count()).toBeGreaterThan(0);
    const chart = card.getByRole("img", { name: /^Trend: Commission/ });
    const label = (await chart.getAttribute("aria-label")) ?? "";
    for (const r of data.rows.slice(0, 5)) expect(label).toContain(full(String(r.commission)));
    expect(await card.getByRole("img", { name: /^Trend/ }).count()).toBe(1);
    for (const n of data.next) expect(await card.getByText(n.words, { exact: true }).count()).toBe(1);
    expect(await card.getByRole("heading", { name: `${data.anomalies.total} alerts` }).count()).toBe(1);
    await page.context().close();
  });
});

describe("the card of alerts", () => {
  it("says of each what was seen, what was to be expected, since when and how severe", async () => {
    const page = await showCard("anomalies");
    const { data } = await shownData<AnomaliesResult>(page);
    const card = lastCard(page);
    if (data.rows.length > 4) await card.getByRole("button", { name: `Show all ${data.rows.length}` }).click();
    const bands = await card.getByRole("img").all();
    expect(bands).toHaveLength(data.rows.length);
    for (const [i, r] of data.rows.entries()) {
      expect(await bands[i]?.getAttribute("aria-label")).toBe(`Seen ${full(r.seen)} USDT; Expected ${full(r.expected.low)} – ${full(r.expected.high)} USDT, usual ${full(r.expected.usual)} USDT`);
    }
    await asTable(page);
    expect(await cells(page)).toHaveLength(data.rows.length);
    await page.context().close();
  });
});

describe("the card of activity", () => {
  it("has 24 hours, products, symbols and a trend", async () => {
    const page = await showCard("activity");
    const { data } = await shownData<ActivityResult>(page);
    const hours = lastCard(page).getByRole("img", { name: /^Hour of day/ });
    expect(await hours.locator("> div").first().locator("> div").count()).toBe(24);
    expect(((await hours.getAttribute("aria-label")) ?? "").match(/\d\d:00: /g)).toHaveLength(24);
    await tab(page, "Symbols").click();
    const first = [...data.symbols].sort((a, b) => Number(b.volume) - Number(a.volume))[0];
    await lastCard(page).getByRole("list", { name: "What they trade: Symbols" }).getByText(first?.key ?? "").waitFor();
    await lastCard(page).getByRole("img", { name: /^Active traders/ }).waitFor();
    await page.context().close();
  });
});

describe("the cards of records and codes", () => {
  it("have the totals, and copy the rows", async () => {
    const page = await showCard("rewards");
    const { data } = await shownData<RewardsResult>(page);
    expect(sum(data.total.settled, data.total.unsettled)).toBe(data.total.commission);
    expect(plain(await lastCard(page).locator("dl").first().innerText())).toContain(data.total.settled);
    await lastCard(page).getByRole("button", { name: "Copy these rows" }).click();
    await expect.poll(() => announced(page)).toBe("Copied");
    const lines = (await page.evaluate(() => navigator.clipboard.readText())).split("\n");
    expect(lines).toHaveLength(data.rows.length + 1);
    expect(lines[1]).toContain(data.rows[0]?.amount);
    await page.context().close();
  });

  it("copy a code", async () => {
    const page = await showCard("codes");
    const code = (await shownData<CodesResult>(page)).data.rows[0]?.key ?? "";
    await lastCard(page).getByRole("button", { name: `Copy ${code}`, exact: true }).click();
    await expect.poll(() => announced(page)).toBe("Copied");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(code);
    await asTable(page);
    const rows = await cells(page);
    expect(rows.at(-1)?.[0]).toBe("Total");
    await page.context().close();
  });
});

describe("how it was computed", () => {
  it("tells the query, the period to the instant, zone and as of when", async () => {
    const page = await showCard("explain");
    const { args, data } = await shownData<ExplainResult>(page);
    const button = lastCard(page).getByRole("button", { name: "How was this computed?" });
    expect(await button.getAttribute("aria-expanded")).toBe("false");
    await button.press("Enter");
    expect(await button.getAttribute("aria-expanded")).toBe("true");
    const text = await lastCard(page).locator("footer").innerText();
    expect(text).toContain(`explain_change ${JSON.stringify(args)}`);
    expect(text).toMatch(/until before/);
    expect(text).toContain(data.zone);
    await lastCard(page).getByRole("button", { name: "Copy the query" }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(JSON.stringify({ tool: "explain_change", args }));
    await page.context().close();
  });

  it("leads from a figure of commission to the referees, and from a referee to the trades", async () => {
    const page = await showCard("explain");
    await lastCard(page).getByRole("button", { name: "How was this computed?" }).click();
    await follow(page, /^Show the referees behind it/);
    expect((await shownData(page)).args).toMatchObject({ metric: "commission", by: "referee", period: "this_month" });
    const uid = (await shownData<{ rows: { key: string }[] }>(page)).data.rows[0]?.key ?? "";
    await ask(page, `Show the details of UID ${uid} this month`);
    await lastCard(page).getByRole("button", { name: "How was this computed?" }).click();
    await follow(page, /^Show the trades behind it/);
    const traced = await shownData<TraceResult>(page);
    expect(traced.args).toEqual({ uid: Number(uid), period: "this_month" });
    expect(less(traced.data.total.commission ?? "", "0")).not.toBe("0");
    await page.context().close();
  });
});

describe("a kind of card that the app does not know", () => {
  it("is shown as plain rows under the server's title", async () => {
    const page = await newPage();
    await signIn(page);
    await page.routeWebSocket(/\/v1\/chat\/ws/, (route) => {
      const server = route.connectToServer();
      route.onMessage((m) => server.send(m));
      server.onMessage((m) => {
        const frame = JSON.parse(String(m)) as { event?: { name?: string; value?: object } };
        if (frame.event?.name === "card") Object.assign(frame.event.value ?? {}, { kind: "horoscope", title: "The stars", data: { rows: [{ key: "Leo", luck: 7 }], total: 1 } });
        route.send(JSON.stringify(frame));
      });
    });
    await page.goto("/");
    await openAssistant(page);
    await ask(page, "How much commission did I earn this week?");
    await lastCard(page).getByRole("heading", { name: "The stars" }).waitFor();
    expect(await cells(page)).toEqual([["Leo", "7"]]);
    expect(await lastCard(page).locator("footer").count()).toBe(0);
    await page.context().close();
  });
});

describe("each card", () => {
  // In English, with words as they are, views.e2e.ts looks at it.
  it.each(Object.keys(cardKinds) as CardKind[])("%s keeps within its width in Vietnamese, also with words two fifths longer", async (kind) => {
    const english = await showCard(kind);
    const page = await newPage({ locale: "vi-VN" });
    await signIn(page);
    await page.goto(english.url());
    await lastCard(page).waitFor();
    await english.context().close();
    for (const longer of [false, true]) {
      for (const width of [360, 390, 768, 1366]) {
        await page.setViewportSize({ width, height: 900 });
        await lastCard(page).waitFor();
        await page.waitForTimeout(120);
        if (longer) await lengthen(page); // at each width: the panel is made anew where it becomes a sheet
        await expectNoSideScroll(page, `${kind} at ${width}${longer ? ", longer" : ""}`);
        const over = await page.locator("#assistant section.card").evaluateAll((all) => all.filter((c) => c.scrollWidth > c.clientWidth + 1).length);
        expect(over, `${kind} at ${width}${longer ? ", longer" : ""}`).toBe(0);
      }
    }
    await page.setViewportSize({ width: 390, height: 900 });
    await page.waitForTimeout(300);
    await shot(page, `card-${kind}-vi`);
    expect(await lastCard(page).locator("footer").innerText()).toContain("Số này được tính thế nào?");
    await page.context().close();
  });
});
