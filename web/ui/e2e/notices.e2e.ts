import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { expectAccessible, expectNoSideScroll, newPage, overview, shot, signIn, useBrowser, type View } from "./browser";

useBrowser();

// The demo program's partner has at least one settlement behind them, and so a notice.

const bell = (page: Page) => page.getByRole("button", { name: /^(Notifications|Thông báo)/ });
const panel = (page: Page) => page.getByRole("dialog", { name: /^(Notifications|Thông báo)$/ });
const label = (page: Page) => bell(page).getAttribute("aria-label");
const slowly = { timeout: 10_000 };
const announced = (page: Page) => page.getByTestId("announcer").textContent();

const notices = [
  { id: "9007", kind: "task_reward", data: { taskId: 3, title: "Spring futures sprint", amount: "50", uid: 1 }, link: "/tasks/3" },
  { id: "9006", kind: "anomaly", data: { anomaly: "volume_drop", metric: "volume", seen: "1200.5", expected: "98000", since: "2026-11-20T08:00:00Z", relation: "direct" }, link: "/" },
  { id: "9005", kind: "task_nudge", data: { taskId: 4, title: "Bring three verified friends before the end of the year, please", from: 10001, end: "2026-12-31T00:00:00Z" }, link: "/tasks/4" },
  { id: "9004", kind: "task_settled", data: { taskId: 2, title: "October referrals", paid: "120", refunded: "30" }, link: "/tasks/2" },
  { id: "9003", kind: "ticket", data: { ticketId: "t", number: "17", state: "resolved", text: "The reward was credited on 19 November." } },
  { id: "9002", kind: "something_new", data: { title: "A kind that this app does not know" } },
  { id: "9001", kind: "settlement", data: { day: "2026-11-19", amount: "1234.567891" }, link: "/rewards" },
].map((n, i) => ({ ...n, at: new Date(Date.now() - i * 7 * 3_600_000).toISOString(), read: i > 3 }));

/** Every kind of notice, and a socket by which more can come. */
async function filled(view: View = {}) {
  const page = await newPage(view);
  await signIn(page);
  const list = [...notices];
  let say: (frame: unknown) => void = () => undefined;
  await page.routeWebSocket(/\/v1\/notices\/ws/, (route) => {
    say = (frame) => route.send(JSON.stringify(frame));
    say({ unread: 4, latest: list[0] });
  });
  await page.route(/\/v1\/notices(\?.*)?$/, (r) => r.fulfill({ json: { items: list, unread: list.filter((n) => !n.read).length } }));
  await page.goto("/");
  await bell(page).filter({ hasText: "4" }).waitFor();
  return { page, list, say: (frame: unknown) => say(frame) };
}

describe("the inbox", () => {
  it("counts, shows and marks read, in every window at once", async () => {
    const page = await overview();
    const person = await page.context().newPage();
    await person.goto("/");
    await expect.poll(() => label(page), slowly).toMatch(/\d+ unread/);
    await expect.poll(() => label(person), slowly).toMatch(/\d+ unread/);
    await bell(page).click();
    await panel(page).getByText(/USDT settled/).first().waitFor();
    await panel(page).getByRole("button", { name: "Mark all read" }).click();
    await expect.poll(() => announced(page)).toBe("All notifications are marked read");
    await expect.poll(() => label(page), slowly).toBe("Notifications");
    await expect.poll(() => label(person), slowly).toBe("Notifications"); // by the socket
    await page.keyboard.press("Escape");
    await expect.poll(() => bell(page).evaluate((e) => e === document.activeElement)).toBe(true);
    await page.reload();
    await bell(page).waitFor();
    expect(await label(page)).toBe("Notifications");
    await page.context().close();
  });

  it("takes a mark back that the server refuses", async () => {
    const { page } = await filled();
    await page.route("**/v1/notices/read", (r) => r.fulfill({ status: 503, contentType: "application/problem+json", json: { status: 503, code: "unavailable", detail: "the database does not answer" } }));
    await bell(page).click();
    await panel(page).getByRole("button", { name: /October referrals/ }).waitFor();
    await panel(page).getByRole("button", { name: "Mark all read" }).click();
    await expect.poll(() => announced(page)).toBe("This could not be saved");
    await panel(page).getByText("Unread:").first().waitFor();
    await page.context().close();
  });

  it("says what comes while it is open, and goes where a notice leads", async () => {
    const { page, list, say } = await filled();
    await bell(page).click();
    await panel(page).getByRole("listitem").first().waitFor();
    expect(await panel(page).getByRole("listitem").count()).toBe(notices.length);
    const fresh = { id: "9008", kind: "settlement", data: { day: "2026-11-20", amount: "77.25" }, link: "/?period=last_month", at: new Date().toISOString(), read: false };
    list.unshift(fresh);
    say({ unread: 5, latest: fresh });
    await panel(page).getByRole("button", { name: /77\.25 USDT settled/ }).click();
    await expect.poll(() => announced(page)).toBe("You have a new notification");
    await expect.poll(() => page.url()).toContain("period=last_month");
    await panel(page).waitFor({ state: "detached" });
    await page.context().close();
  });

  it("is readable in both themes and languages, on a phone, a tablet and a desktop", async () => {
    for (const locale of ["en-US", "vi-VN"]) {
      const { page } = await filled({ locale });
      await bell(page).click();
      await panel(page).getByRole("listitem").first().waitFor();
      for (const width of [390, 768, 1366]) {
        await page.setViewportSize({ width, height: 900 });
        const theme = width === 768 ? "dark" : "light";
        await page.emulateMedia({ colorScheme: theme });
        await page.waitForTimeout(300);
        await expectNoSideScroll(page, `notices at ${width}, ${locale}`);
        if (locale === "en-US") await expectAccessible(page, `notices at ${width}, ${theme}`);
        await shot(page, `notices-all-${width}-${theme}-${locale.slice(0, 2)}`);
      }
      await page.context().close();
    }
  });
});

describe("the service worker", () => {
  it("is served as a script, and starts", async () => {
    const page = await overview();
    const res = await page.request.get("/sw.js");
    expect(res.headers()["content-type"]).toContain("javascript");
    const ready = await page.evaluate(async () => {
      await navigator.serviceWorker.register("/sw.js");
      const r = await navigator.serviceWorker.ready;
      return r.active?.scriptURL ?? "";
    });
    expect(ready).toContain("/sw.js");
    await page.context().close();
  });
});
