import axe from "axe-core";
import { mkdirSync } from "node:fs";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";

// Real Chromium against the server at BASE_URL, which runs in development mode with the demo program.

const baseURL = process.env.SERVER_URL;
if (!baseURL) throw new Error("BASE_URL is not set: start the server, then BASE_URL=http://127.0.0.1:8080 npm run e2e");
export const base = baseURL.replace(/\/$/, "");

const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const shots = new URL("./shots/", import.meta.url).pathname;

let browser: Browser;
const contexts: BrowserContext[] = [];

export function useBrowser() {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
  });
  afterAll(async () => {
    await Promise.all(contexts.splice(0).map((c) => c.close()));
    await browser.close();
  });
}

export interface View {
  width?: number;
  height?: number;
  theme?: "light" | "dark";
  locale?: string;
}

export async function newPage({ width = 1366, height = 900, theme = "light", locale = "en-US" }: View = {}): Promise<Page> {
  const context = await browser.newContext({ baseURL: base, viewport: { width, height }, colorScheme: theme, locale, permissions: ["clipboard-read", "clipboard-write"] });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (e) => {
    throw e;
  });
  return page;
}

interface Person {
  uid: number;
  role: string;
  name: string;
}

/** Signs in without the page. The first partner is the one with referees. */
export async function signIn(page: Page, role = "partner"): Promise<Person> {
  const people = (await (await page.request.get("/v1/dev/people")).json()) as Person[];
  const person = people.find((p) => p.role === role);
  if (!person) throw new Error(`nobody has the role ${role}`);
  await signInAs(page, person.uid, role);
  return person;
}

export async function signInAs(page: Page, uid: number, role: string) {
  const res = await page.request.post("/v1/dev/session", { data: { uid, role } });
  expect(res.ok()).toBe(true);
}

/** Events as the exchange's backend sends them, all of which must be taken. */
export async function send(events: object[]) {
  const key = process.env.EXCHANGE_KEY;
  if (!key) throw new Error("EXCHANGE_KEY is not set: bin/partnerhub key create exchange, on the server's home, prints one");
  const res = await fetch(`${base}/v1/events`, { method: "POST", headers: { "X-API-Key": key, "Content-Type": "application/x-ndjson" }, body: events.map((e) => JSON.stringify(e)).join("\n") });
  const answer = (await res.json()) as { rejected: number };
  expect(res.status, JSON.stringify(answer)).toBe(200);
  expect(answer.rejected, JSON.stringify(answer)).toBe(0);
}

/** A signed-in page with its figures on it. */
export async function overview(view: View = {}, path = "/"): Promise<Page> {
  const page = await newPage(view);
  await signIn(page);
  await page.goto(path);
  await page.getByRole("img", { name: /per (hour|day|week|month)/ }).waitFor();
  return page;
}

export const composer = (page: Page) => page.locator("#assistant textarea");
export const log = (page: Page) => page.getByRole("log");
export const idle = (page: Page) => page.locator("#assistant form button[type=submit]").waitFor();

export async function openAssistant(page: Page) {
  await page.locator("#assistant-entry").waitFor({ state: "attached" });
  await page.keyboard.press("Control+j");
  await composer(page).waitFor();
}

/** Sends a message and waits for the answer's end. */
export async function ask(page: Page, text: string) {
  const before = await page.locator("#assistant article").count();
  await composer(page).fill(text);
  await composer(page).press("Enter");
  await page.locator("#assistant article").nth(before).waitFor();
  await idle(page);
}

/** No violation of WCAG 2.2 AA once fades and charts have come to rest; of its rules, a theme concerns those of colour alone. */
export async function expectAccessible(page: Page, what: string, rules: "all" | "colour" = "all") {
  await page.evaluate(() => scrollTo(0, 0)); // what has gone half under the top bar counts as too small a target
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const violations = () =>
    page.evaluate(async (rules) => {
      const { axe } = window as unknown as { axe: typeof import("axe-core") };
      const { violations } = await axe.run({
        runOnly: rules === "all" ? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] : { type: "rule", values: ["color-contrast", "link-in-text-block"] },
        resultTypes: ["violations"],
        preload: false, // of the rules asked for, only that on videos needs it
      });
      return violations.map((v) => `${v.id} ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
    }, rules);
  await expect.poll(violations, { message: what, timeout: 5000, interval: 300 }).toEqual([]);
}

/** Nothing of the page is wider than its window; if something is, the error names it. */
export async function expectNoSideScroll(page: Page, what: string) {
  const wide = () =>
    page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth === clientWidth) return [];
      const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > clientWidth + 0.5).map((e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") ?? ""} ${Math.round(e.getBoundingClientRect().right)}`);
      return [`${scrollWidth} of ${clientWidth}`, ...out.slice(0, 8)];
    });
  // Charts take a moment to follow a new width, and that is longer on a busy machine.
  await expect.poll(wide, { message: what, timeout: 10_000 }).toEqual([]);
}

/** Words grow by 40 %, as they do in other languages; those that have grown already stay. */
export async function lengthen(page: Page) {
  await page.evaluate(() => {
    const w = window as unknown as { grown?: WeakMap<Node, string> };
    const grown = (w.grown ??= new WeakMap());
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
      const s = n.textContent ?? "";
      if (!/\p{L}/u.test(s) || n.parentElement?.closest("svg, script") || grown.get(n) === s) continue;
      n.textContent = s + s.slice(0, Math.ceil(s.length * 0.4));
      grown.set(n, n.textContent);
    }
  });
}

/** A picture for people, in a folder that git ignores. */
export async function shot(page: Page, name: string) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}${name}.png` });
}
