import type { Page, WebSocketRoute } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, base, composer, idle, newPage, openAssistant, overview, shot, signIn, useBrowser } from "./browser";

useBrowser();

// The browser's sockets pass through here on their way to the server, and are hurt on the way.

const question = "How much commission did I earn this week?";

interface Frame {
  type: string;
  threadId?: string;
  event?: { type: string; seq: number };
}

interface Fault {
  /** Called for each frame from the server; what it returns reaches the page. */
  down?: (frame: Frame, raw: string, page: WebSocketRoute) => string[];
  up?: (frame: Frame) => boolean;
}

async function faulty(fault: Fault): Promise<Page> {
  const page = await newPage();
  await signIn(page);
  await page.routeWebSocket(/\/v1\/chat\/ws/, (route) => {
    const server = route.connectToServer();
    route.onMessage((m) => {
      if (fault.up?.(JSON.parse(String(m)) as Frame) ?? true) server.send(m);
    });
    server.onMessage((m) => {
      for (const out of fault.down?.(JSON.parse(String(m)) as Frame, String(m), route) ?? [String(m)]) route.send(out);
    });
  });
  await page.goto("/");
  await openAssistant(page);
  return page;
}

/** What the thread on screen says, and what the server's log says that it should. */
async function expectWhole(page: Page) {
  await idle(page);
  const id = new URL(page.url()).searchParams.get("chat") ?? "";
  const { items } = (await (await page.request.get(`${base}/v1/conversations/${id}/events?after=0`)).json()) as { items: { type: string; delta?: string; name?: string }[] };
  const text = items.filter((e) => e.type === "TEXT_MESSAGE_CONTENT").map((e) => e.delta).join("");
  const shown = (await page.locator("#assistant .prose-answer").allInnerTexts()).join("");
  // Neither marks of Markdown nor the space around what they mark.
  const plain = (s: string) => s.replace(/^(\d+\.|[-#>]+) /gm, "").replace(/[\s*|]/g, "");
  expect(plain(shown)).toBe(plain(text));
  expect(await page.locator("#assistant article").count()).toBe(items.filter((e) => e.type === "RUN_STARTED").length);
  expect(await page.locator("#assistant section.card").count()).toBe(items.filter((e) => e.name === "card").length);
}

describe("a conversation survives", () => {
  it("a socket that drops in the middle of each answer", async () => {
    let drops = 0;
    const page = await faulty({
      down: (frame, raw, route) => {
        if (frame.event?.type === "TEXT_MESSAGE_START" && drops < 2) {
          drops++;
          void route.close({ code: 4000 });
          return [];
        }
        return [raw];
      },
    });
    await ask(page, question);
    await ask(page, "How does it compare to last week?");
    expect(drops).toBe(2);
    await expectWhole(page);
    await page.context().close();
  });

  it("a drop before the message was accepted: one turn, not two", async () => {
    let dropped = false;
    const page = await faulty({
      down: (frame, raw, route) => {
        if (frame.type === "accepted" && !dropped) {
          dropped = true;
          void route.close({ code: 4000 });
          return [];
        }
        return [raw];
      },
    });
    await ask(page, question);
    expect(dropped).toBe(true);
    await expectWhole(page);
    await page.context().close();
  });

  it("events that come twice and in another order", async () => {
    let held: string | undefined;
    const page = await faulty({
      down: (frame, raw) => {
        if (frame.event?.type === "TEXT_MESSAGE_CONTENT" && held === undefined) {
          held = raw;
          return [];
        }
        const out = held === undefined ? [raw, raw] : [raw, held, raw];
        held = undefined;
        return out;
      },
    });
    await ask(page, question);
    await expectWhole(page);
    await page.context().close();
  });

  it("a reload in the middle of an answer", async () => {
    const page = await overview();
    await openAssistant(page);
    await composer(page).fill(question);
    await composer(page).press("Enter");
    await page.waitForURL(/chat=(?!new)/);
    await page.reload();
    await page.locator("#assistant article .prose-answer").first().waitFor();
    await expectWhole(page);
    await page.context().close();
  });

  it("the panel closed and opened again", async () => {
    const page = await overview();
    await openAssistant(page);
    await composer(page).fill(question);
    await composer(page).press("Enter");
    await page.waitForURL(/chat=(?!new)/);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.locator("#assistant").count()).toBe(0);
    await page.waitForTimeout(300);
    await openAssistant(page);
    await page.locator("#assistant article .prose-answer").first().waitFor();
    await expectWhole(page);
    await page.context().close();
  });
});

describe("what does not get through", () => {
  it("is said to be not sent, and is sent once when tried again", async () => {
    let deaf = true;
    const ids: string[] = [];
    const page = await faulty({
      up: (frame) => {
        if (frame.type === "send") ids.push((frame as unknown as { clientId: string }).clientId);
        return !(deaf && frame.type === "send");
      },
    });
    await composer(page).fill(question);
    await composer(page).press("Enter");
    await page.getByText("Not sent.").waitFor({ timeout: 20_000 });
    await shot(page, "not-sent");
    deaf = false;
    await page.locator("#assistant").getByRole("button", { name: "Try again" }).click();
    await page.locator("#assistant article").first().waitFor();
    await expectWhole(page);
    expect(new Set(ids).size).toBe(1);
    await page.context().close();
  });

  it("leads to a word about the connection, which goes away", async () => {
    let down = true;
    const page = await newPage();
    await signIn(page);
    await page.routeWebSocket(/\/v1\/chat\/ws/, (route) => {
      if (down) void route.close({ code: 4000 });
      else route.connectToServer();
    });
    await page.goto("/");
    await openAssistant(page);
    await composer(page).fill(question);
    await composer(page).press("Enter");
    await page.getByText("Connection lost. Reconnecting…").waitFor();
    await shot(page, "reconnecting");
    down = false;
    await page.locator("#assistant article").first().waitFor({ timeout: 20_000 });
    await expectWhole(page);
    expect(await page.getByText("Connection lost").count()).toBe(0);
    await page.context().close();
  });

  it("stops when told to, also while words are coming", async () => {
    // The end of the answer is held back until the stop has gone out.
    let stopped = false;
    const page = await faulty({
      up: (frame) => {
        if (frame.type === "stop") stopped = true;
        return true;
      },
      down: (frame, raw) => (frame.event?.type === "RUN_FINISHED" && !stopped ? [] : [raw]),
    });
    await composer(page).fill(question);
    await composer(page).press("Enter");
    await page.getByRole("button", { name: "Stop" }).click();
    await expect.poll(() => stopped).toBe(true);
    await page.context().close();
  });

  it("sends to the sign-in page once the session has ended", async () => {
    const page = await overview();
    await page.context().clearCookies();
    await page.keyboard.press("m");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.context().close();
  });
});
