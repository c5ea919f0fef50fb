import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ask, composer, expectNoSideScroll, log, newPage, overview, shot, signIn, useBrowser } from "./browser";

useBrowser();

const phone = { width: 390, height: 844 };

describe("on a phone", () => {
  it("a partner looks a figure up, asks on, and takes the list away as a file", async () => {
    const page = await overview(phone);
    await page.locator("#assistant-entry").click();
    await composer(page).waitFor();
    await ask(page, "How much commission did I earn this week?");
    await ask(page, "How does it compare to last week?");
    const compared = page.locator("#assistant section.card").last();
    await compared.getByText(/Change of commission/).waitFor();
    await expectNoSideScroll(page, "answers on a phone");
    await shot(page, "phone-answers");
    await page.getByRole("button", { name: "Close" }).first().click();

    await page.getByRole("button", { name: "Open menu" }).click();
    await page.getByRole("dialog").getByRole("link", { name: "Referees" }).click();
    await page.getByRole("heading", { name: "Referees", level: 1 }).waitFor();
    const search = page.getByRole("searchbox", { name: "Search by UID or note" });
    await search.fill("10002");
    await search.press("Enter");
    await page.waitForURL(/[?&]q=[^&]*10002/);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export CSV" }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/\.csv$/);
    const lines = readFileSync(await file.path(), "utf8").trim().split(/\r?\n/);
    expect(lines).toHaveLength(2); // what is searched for, and no more
    expect(lines[1]).toMatch(/^10002,/);
    await page.context().close();
  });

  it("a BD takes a ticket and answers", async () => {
    const partner = await overview(phone);
    await partner.locator("#assistant-entry").click();
    const words = `Please get me a person, it is about ${String(Date.now())}`;
    await composer(partner).fill(words);
    await composer(partner).press("Enter");
    await partner.getByRole("region", { name: "Talk to a person" }).waitFor();

    const bd = await newPage(phone);
    await signIn(bd, "bd");
    await bd.goto("/tickets");
    await bd.getByRole("link", { name: new RegExp(words) }).or(bd.getByRole("link", { name: /Asked for a person/ })).first().click();
    await bd.getByRole("button", { name: "Claim" }).click();
    await bd.getByRole("textbox", { name: "Reply to the partner" }).fill("Here I am.");
    await bd.getByRole("button", { name: "Send and resolve" }).click();
    await bd.getByRole("button", { name: "Reopen" }).waitFor();
    await log(partner).getByText("Here I am.").waitFor();
    await expectNoSideScroll(bd, "a ticket on a phone");
    await partner.context().close();
    await bd.context().close();
  });
});
