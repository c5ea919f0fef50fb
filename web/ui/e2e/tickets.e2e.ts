import { describe, expect, it } from "vitest";
import { composer, expectAccessible, expectNoSideScroll, log, newPage, openAssistant, overview, shot, signIn, useBrowser } from "./browser";

useBrowser();

describe("a handoff", () => {
  it("goes from the partner to a BD and back", async () => {
    const partner = await overview();
    await openAssistant(partner);
    await composer(partner).fill("I want to talk to a human");
    await composer(partner).press("Enter");
    const banner = partner.getByRole("region", { name: "Talk to a person" });
    await banner.getByText(/^A person will answer here/).waitFor();
    await expectAccessible(partner, "queued");
    await shot(partner, "handoff-queued");

    const bd = await newPage();
    await signIn(bd, "bd");
    await bd.goto("/");
    await expect.poll(() => new URL(bd.url()).pathname).toBe("/tickets");
    await bd.getByRole("heading", { name: "Your queue" }).waitFor();
    await bd.getByRole("link", { name: /Asked for a person/ }).first().waitFor();
    await expectAccessible(bd, "queue");
    await expectNoSideScroll(bd, "queue");
    await shot(bd, "tickets");
    await bd.getByRole("link", { name: /Asked for a person/ }).first().click();
    await bd.getByRole("log").getByText("I want to talk to a human").first().waitFor();
    await bd.getByRole("button", { name: "Claim" }).click();
    const reply = bd.getByRole("textbox", { name: "Reply to the partner" });
    await reply.fill("Good morning, how can I help?");
    await bd.getByRole("button", { name: "Send", exact: true }).click();
    await expect.poll(() => reply.inputValue()).toBe("");
    await bd.getByRole("log").getByText("Good morning, how can I help?").waitFor();
    await bd.getByRole("textbox", { name: "New note" }).fill("Looks fine");
    await bd.getByRole("button", { name: "Add note" }).click();
    await bd.getByText("Looks fine").waitFor();
    await expectAccessible(bd, "ticket");
    await shot(bd, "ticket");

    await banner.getByText(/answers here now/).waitFor();
    await log(partner).getByText("Good morning, how can I help?").waitFor();
    expect(await log(partner).getByText("Looks fine").count()).toBe(0);
    await composer(partner).fill("My payout is late");
    await composer(partner).press("Enter");
    await bd.getByRole("log").getByText("My payout is late").waitFor();
    await shot(partner, "handoff-claimed");

    await bd.setViewportSize({ width: 360, height: 740 });
    await bd.emulateMedia({ colorScheme: "dark" });
    await expectNoSideScroll(bd, "ticket on a phone");
    await expectAccessible(bd, "ticket on a phone");
    await shot(bd, "ticket-360-dark");
    await reply.fill("It is paid now.");
    await bd.getByRole("button", { name: "Send and resolve" }).click();
    await bd.getByRole("button", { name: "Reopen" }).waitFor();
    await log(partner).getByText("It is paid now.").waitFor();
    await banner.getByText("This was resolved. The assistant is back.").waitFor();
    await expectAccessible(partner, "resolved");
    await shot(partner, "handoff-resolved");
    await partner.context().close();
    await bd.context().close();
  });
});
