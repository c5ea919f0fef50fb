import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ask, expectAccessible, expectNoSideScroll, lengthen, newPage, openAssistant, overview, shot, signIn, useBrowser } from "./browser";
import { screens } from "./screens";

useBrowser();

const widths = [360, 390, 768, 1366];
const themes = ["light", "dark"] as const;

// One visit to each screen: it follows the system's theme and the window's width.
describe("accessible in both themes on a phone and a desktop, without sideways scrolling", () => {
  for (const [name, open] of Object.entries(screens)) {
    it(name, async () => {
      const page = await open({ width: 1366, theme: "light" });
      await page.emulateMedia({ reducedMotion: "reduce" });
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        await expectNoSideScroll(page, `${name} at ${width}`);
        if (width !== 390 && width !== 1366) continue;
        for (const theme of themes) {
          await page.emulateMedia({ colorScheme: theme });
          await page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
          await page.waitForTimeout(150); // the charts are drawn anew
          await expectAccessible(page, `${name} at ${width}, ${theme}`, theme === "light" ? "all" : "colour");
          await shot(page, `${name}-${width}-${theme}`);
        }
      }
      await page.context().close();
    });
  }
});

describe("no sideways scrolling", () => {
  it("with words 40 % longer, or in Vietnamese", async () => {
    const vi = await newPage({ locale: "vi-VN" });
    await signIn(vi);
    await vi.goto("/");
    await vi.getByRole("img").first().waitFor();
    expect(await vi.locator("html").getAttribute("lang")).toBe("vi");
    await lengthen(vi);
    for (const width of widths) {
      await vi.setViewportSize({ width, height: 900 });
      await expectNoSideScroll(vi, `longer words at ${width}`);
    }
    await vi.context().close();
  });
});

describe("the assistant's panel", () => {
  it.each([1024, 1280, 1366, 1920])("stands beside the page at %i, never over it", async (width) => {
    const page = await overview({ width });
    await openAssistant(page);
    await ask(page, "How much commission did I earn this week per day?");
    const panel = await page.locator("#assistant").boundingBox();
    const boxes = await page.locator("main *, header").evaluateAll((all) =>
      all
        .filter((e) => !e.closest(".sr-only, #assistant, main .overflow-auto *")) // what scrolls within its frame is cut by it
        .map((e) => e.getBoundingClientRect().right),
    );
    expect(Math.max(...boxes)).toBeLessThanOrEqual((panel?.x ?? 0) + 0.5);
    await page.context().close();
  });

  it("opens without waiting for the network", async () => {
    const page = await overview();
    await page.waitForTimeout(2500); // idle time has brought its code
    // Whatever is asked for from now on gets no answer.
    const asked: string[] = [];
    await page.route("**/*", (r) => void asked.push(new URL(r.request().url()).pathname));
    await page.locator("#assistant-entry").click();
    await page.locator("#assistant textarea").waitFor();
    expect(asked.filter((path) => path.startsWith("/assets/"))).toEqual([]);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.context().close();
  });
});

describe("the page as a whole", () => {
  it("has one h1, a title, a skip link and a way to every page on a phone", async () => {
    const page = await overview({ width: 390 });
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    expect(await page.title()).toBe("Overview · Partner Hub");
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    expect(await skip.evaluate((e) => e === document.activeElement)).toBe(true);
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
    const opener = page.getByRole("button", { name: "Open menu" });
    await opener.click();
    await page.getByRole("dialog").getByRole("link", { name: "Overview" }).waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => opener.evaluate((e) => e === document.activeElement)).toBe(true);
    await page.context().close();
  });

  it("keeps the layout still while it loads", async () => {
    const page = await newPage();
    await signIn(page);
    await page.addInitScript(() => {
      const w = window as unknown as { shift: number };
      w.shift = 0;
      new PerformanceObserver((list) => {
        for (const e of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[]) if (!e.hadRecentInput) w.shift += e.value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto("/");
    await page.getByRole("img").first().waitFor();
    await page.waitForTimeout(1500);
    expect(await page.evaluate(() => (window as unknown as { shift: number }).shift)).toBeLessThan(0.1);
    await page.context().close();
  });

  it("begins with no more than 130 kB of JavaScript", async () => {
    const page = await newPage();
    const html = await (await page.request.get("/sign-in")).text();
    let size = 0;
    for (const [, src] of html.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g)) {
      const body = await (await page.request.get(src ?? "")).body();
      size += gzipSync(body[0] === 0x1f ? gunzipSync(body) : body).length;
    }
    expect(size).toBeGreaterThan(10_000);
    expect(size).toBeLessThanOrEqual(130_000);
    await page.context().close();
  });

  it("paints in the chosen theme from the first frame, and keeps it", async () => {
    const page = await overview({ theme: "light" });
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitemradio", { name: "Dark" }).click();
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await expect.poll(background).toBe("rgb(15, 17, 19)");
    // Without the app's own code the page is dark already.
    await page.route("**/assets/*.js", (r) => r.abort());
    await page.reload();
    expect(await background()).toBe("rgb(15, 17, 19)");
    await page.context().close();
  });

  it("signs out, and back in to the page that was wanted", async () => {
    const page = await overview({}, "/?period=last_30_days");
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByText("Development mode").waitFor();
    await page.goto("/?period=last_30_days");
    await page.getByRole("button", { name: /^Sign in as/ }).first().click();
    await page.getByRole("button", { name: "Period: Last 30 days" }).waitFor();
    await page.context().close();
  });
});
