import type { APIResponse, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, base, composer, log, newPage, openAssistant, send, signIn, signInAs, useBrowser, type View } from "./browser";

useBrowser();

// Text that would run as a script wherever it came to be markup, an attribute or an address. Its first word says where it was entered.
const evil = (where: string) => `zq${where}"'><img src=x onerror=pwned=1><script>pwned=1</script>[l](javascript:pwned=1)`;

interface Watched {
  violations: string[];
}

/** A page that notes what a script, an element or a load of the texts above would leave behind. */
async function watched(view: View = {}): Promise<Page> {
  const page = await newPage(view);
  await page.addInitScript(() => {
    const w = window as unknown as Watched;
    w.violations = [];
    addEventListener("securitypolicyviolation", (e) => w.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
  });
  page.on("dialog", (d) => {
    throw new Error(`a dialog: ${d.message()}`);
  });
  return page;
}

/** Nothing of a text became more than text. React puts an address of its own, which throws, in the place of one that is a script. */
async function expectHarmless(page: Page, where: string) {
  const found = await page.evaluate(() => ({
    ran: "pwned" in window,
    violations: (window as unknown as Watched).violations,
    elements: [...document.querySelectorAll('img[src="x"], [onerror], [onload], [href^="javascript:" i]:not([href*="React has blocked"]), [src^="javascript:" i], [srcdoc], iframe, object, embed, base')].map((e) => e.outerHTML.slice(0, 200)),
  }));
  expect(found, where).toEqual({ ran: false, violations: [], elements: [] });
}

/** The page shows the text that was entered, as it was entered, and it is harmless. */
async function expectShown(page: Page, path: string, ...where: string[]) {
  if (path) await page.goto(path);
  for (const w of where) {
    await expect.poll(() => page.evaluate((text) => {
      const values = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")].map((e) => e.value);
      return [document.body.textContent, ...values, ...[...document.querySelectorAll("[aria-label]")].map((e) => e.getAttribute("aria-label"))].some((s) => s?.includes(text));
    }, `zq${w}"'><img src=x onerror=pwned=1><script>pwned=1</script>`), { message: `${w} at ${path || page.url()}`, timeout: 15_000 }).toBe(true);
  }
  await expectHarmless(page, path);
}

async function ok(res: Promise<APIResponse>) {
  const r = await res;
  expect(r.ok(), `${r.url()}: ${await r.text()}`).toBe(true);
  return r;
}

const headers = { Origin: base };
const exchange = { "X-API-Key": process.env.EXCHANGE_KEY ?? "" };

async function topUp(uid: number, amount: string) {
  const res = await fetch(`${base}/v1/fund/top-ups`, { method: "POST", headers: { ...exchange, "Content-Type": "application/json" }, body: JSON.stringify({ uid, amount, reference: evil("topup") }) });
  expect(res.ok, await res.text()).toBe(true);
}

describe("script in a text", () => {
  it("is stopped by the Content-Security-Policy, if it ever came to be markup", async () => {
    const page = await watched();
    await signIn(page);
    await page.goto("/");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.evaluate(() => {
      document.body.insertAdjacentHTML("beforeend", '<img src="x" onerror="window.pwned=1"><a id="evil" href="javascript:window.pwned=1">x</a><iframe srcdoc="<script>parent.pwned=1</script>"></iframe>');
      const s = document.createElement("script");
      s.textContent = "window.pwned=1";
      document.body.append(s);
      document.getElementById("evil")?.click();
    });
    await expect.poll(() => page.evaluate(() => (window as unknown as Watched).violations.length)).toBeGreaterThanOrEqual(3);
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
    // Nor does anything go to another host.
    expect(await page.evaluate(() => fetch("https://evil.invalid/").then(() => "went", () => "stayed"))).toBe("stayed");
    expect(await page.evaluate(() => (window as unknown as Watched).violations.some((v) => v.startsWith("connect-src") || v.startsWith("default-src")))).toBe(true);
    await page.context().close();
  });

  it("stays text wherever people and the exchange enter it", async () => {
    const n = Date.now() % 100_000_000;
    const [uid, sub, referee] = [600_000_000 + n, 700_000_000 + n, 800_000_000 + n];
    const time = new Date(Date.now() - 3_600_000).toISOString();
    await send([
      { id: `evil-1-${String(n)}`, type: "account.registered", time, uid, country: "VN" },
      { id: `evil-2-${String(n)}`, type: "partner.enrolled", time, uid, spotRate: "0.5", futuresRate: "0.5", bdUid: 99001 },
      { id: `evil-3-${String(n)}`, type: "referral_code.created", time, uid, code: `EVIL${String(n)}`, note: evil("event") },
      { id: `evil-4-${String(n)}`, type: "account.registered", time, uid: sub, referralCode: `EVIL${String(n)}` },
      { id: `evil-5-${String(n)}`, type: "partner.enrolled", time, uid: sub, spotRate: "0.3", futuresRate: "0.3" },
      { id: `${evil("waiting")}${String(n)}`, type: "kyc.completed", time, uid: referee, level: "basic" },
    ]);
    const refused = await fetch(`${base}/v1/events`, { method: "POST", headers: { ...exchange, "Content-Type": "application/x-ndjson" }, body: JSON.stringify({ id: evil("refused"), type: evil("type"), time, uid }) });
    expect(((await refused.json()) as { rejected: number }).rejected).toBe(1);

    const partner = await watched();
    await signInAs(partner, uid, "partner");
    await expectShown(partner, "/codes", "event");
    await ok(partner.request.patch(`/v1/codes/EVIL${String(n)}`, { headers, data: { note: evil("code") } }));
    await expectShown(partner, "/codes", "code");
    await expectShown(partner, `/codes/EVIL${String(n)}`, "code");
    await ok(partner.request.put(`/v1/referees/${String(sub)}/note`, { headers, data: { note: evil("note") } }));
    await expectShown(partner, "/referees", "note");
    await expectShown(partner, `/referees/${String(sub)}`, "note");

    const [start, end] = [new Date().toISOString(), new Date(Date.now() + 7 * 86_400_000).toISOString()];
    const draft = { type: "trading", title: evil("task"), targets: { uids: [sub] }, start, end, product: "spot", tiers: [{ threshold: "1000", reward: "10" }] };
    await topUp(uid, "100");
    const task = (await (await ok(partner.request.post("/v1/tasks", { headers: { ...headers, "Idempotency-Key": `evil-${String(n)}` }, data: draft }))).json()) as { task: { id: number | string } };
    await expectShown(partner, "/tasks", "task");
    await expectShown(partner, `/tasks/${String(task.task.id)}`, "task");
    const invited = await watched();
    await signInAs(invited, sub, "partner");
    await expectShown(invited, "/tasks?side=assigned", "task");
    await invited.getByRole("button", { name: /^Notifications/ }).click();
    await expectShown(invited, "", "task");
    await invited.context().close();

    // The assistant: a question, its title, a vote's words, a handoff.
    await partner.goto("/");
    await openAssistant(partner);
    await ask(partner, `How much commission did I earn this week? ${evil("question")}`);
    await expectShown(partner, "", "question");
    const chat = new URL(partner.url()).searchParams.get("chat") ?? "";
    await partner.reload();
    await expectShown(partner, "", "question");
    await ok(partner.request.patch(`/v1/conversations/${chat}`, { headers, data: { title: evil("title") } }));
    await partner.reload();
    await partner.getByRole("button", { name: "History" }).click();
    await expectShown(partner, "", "title");
    const events = (await (await ok(partner.request.get(`/v1/conversations/${chat}/events?after=0`))).json()) as { items: { runId?: string }[] };
    const runId = events.items.find((e) => e.runId)?.runId;
    await ok(partner.request.put("/v1/feedback", { headers, data: { runId, vote: "down", reasons: [], text: evil("vote") } }));
    await partner.goto(`/?chat=${chat}`);
    await composer(partner).waitFor();
    await ask(partner, "I want to talk to a human");
    await partner.getByRole("region", { name: "Talk to a person" }).waitFor();

    const bd = await watched();
    await signIn(bd, "bd");
    await bd.goto("/tickets");
    const list = (await (await ok(bd.request.get("/v1/tickets"))).json()) as { items: { id: string; owner?: number | string; uid?: number | string }[] };
    const ticket = list.items.find((x) => String(x.owner ?? x.uid) === String(uid))?.id ?? "";
    await bd.goto(`/tickets/${ticket}`);
    await expectShown(bd, "", "question");
    await ok(bd.request.post(`/v1/tickets/${ticket}/claim`, { headers, data: {} }));
    await ok(bd.request.post(`/v1/tickets/${ticket}/reply`, { headers, data: { clientId: `r${String(n)}`, text: evil("reply") } }));
    await ok(bd.request.post(`/v1/tickets/${ticket}/note`, { headers, data: { clientId: `n${String(n)}`, text: evil("internal") } }));
    await bd.reload();
    await expectShown(bd, "", "question", "reply", "internal");
    await expectShown(bd, "/tickets");
    await log(partner).getByText("zqreply").first().waitFor();
    await expectShown(partner, "", "reply");
    await ok(bd.request.post(`/v1/tickets/${ticket}/resolve`, { headers, data: {} }));
    await bd.context().close();

    const operator = await watched();
    await signIn(operator, "operator");
    await expectShown(operator, "/reviews", "question", "vote");
    await expectShown(operator, "/ingest", "waiting");
    for (const path of ["/figures", "/evaluation"]) await expectShown(operator, path);
    await operator.context().close();

    const editor = await watched();
    await signIn(editor, "content");
    const slug = `evil-${String(n)}`;
    const text = `---\ntitle: ${JSON.stringify(evil("article"))}\nslug: ${slug}\nkind: rule\n---\n## ${evil("heading")}\n${evil("body")}\n`;
    await ok(editor.request.post("/v1/library/drafts", { headers, data: { files: [{ name: `${slug}.md`, text }] } }));
    await expectShown(editor, "/library", "article");
    const tried = editor.getByRole("region", { name: "Try a question" });
    await tried.getByRole("textbox", { name: "Question" }).fill("zqheading zqbody zqarticle");
    await tried.getByRole("button", { name: "Try it" }).click();
    await tried.getByText("zqheading").first().waitFor();
    await expectShown(editor, "", "heading");
    await ok(editor.request.delete(`/v1/library/drafts/${slug}`, { headers }));
    await expectShown(editor, "/gaps");
    await editor.context().close();
    await partner.context().close();
  }, 120_000);

  // Fields that hold free text, and those that hold addresses, wherever the server sends them.
  const texts = /^(title|doc|note|ownNote|text|summary|quote|body|heading|section|reason|detail|excerpt|question|symbol|description|name|tier|changes|key)$/;
  const links = /^(link|joinLink|shareLink|supportUrl|url)$/;

  function spoil(value: unknown, key = "", inside = ""): unknown {
    if (Array.isArray(value)) return value.map((v) => spoil(v, key, inside));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, spoil(v, k, key)]));
    if (typeof value !== "string") return value;
    if (links.test(key)) return "javascript:pwned=1";
    return texts.test(key) && !/^\d|^[A-Z]+$/.test(value) ? evil(key) : value;
  }

  const pages: [string, string[]][] = [
    ["partner", ["/", "/referees", "/referees/10002", "/codes", "/codes/NOVA", "/rewards", "/rewards?kind=shared", "/tasks", "/tasks?side=assigned", "/tasks/new", "/programs", "/campaigns"]],
    ["bd", ["/tickets"]],
    ["content", ["/library", "/gaps"]],
    ["operator", ["/figures", "/reviews", "/evaluation", "/ingest"]],
  ];
  for (const [role, paths] of pages) {
    it(`stays text on every page of a ${role}, whatever the server says`, async () => {
      const page = await watched();
      await signIn(page, role);
      let spoilt = 0;
      await page.route(/\/v1\/(?!session|dev|chat|exports)/, async (route) => {
        if (route.request().method() !== "GET" || route.request().resourceType() === "websocket") return route.continue();
        const res = await route.fetch();
        if (!(res.headers()["content-type"] ?? "").includes("json") || !res.ok()) return route.fulfill({ response: res });
        spoilt++;
        return route.fulfill({ response: res, json: spoil(await res.json()) });
      });
      for (const path of paths) {
        await page.goto(path);
        await page.getByRole("heading").first().waitFor();
        await page.waitForLoadState("networkidle");
        await expectHarmless(page, path);
      }
      expect(spoilt).toBeGreaterThan(0);
      await page.context().close();
    }, 120_000);
  }

  it("stays text in an answer and a card, whatever a model writes", async () => {
    const page = await watched();
    await signIn(page);
    const said = [
      evil("answer"), '<a href="javascript:pwned=1">link</a>', "[link](javascript:pwned=1)", "[link](data:text/html,<script>pwned=1</script>)", "![x](https://evil.invalid/x.png)", "<iframe srcdoc='x'></iframe>",
      '<style>*{background:url(https://evil.invalid/y)}</style><form action="https://evil.invalid"><input name=a></form>', "<svg><animate onbegin=pwned=1></svg>", "<math><mtext></form><form><mglyph><style></math><img src onerror=pwned=1>", "| a | b |\n|-|-|\n| <img src=x onerror=pwned=1> | `</code><script>pwned=1</script>` |",
    ].join("\n\n");
    const foreign: string[] = [];
    page.on("request", (r) => {
      if (!r.url().startsWith(base) && !r.url().startsWith("data:")) foreign.push(r.url());
    });
    await page.route(/\/v1\/conversations\/[^/]+\/events/, async (route) => {
      const res = await route.fetch();
      const { items } = (await res.json()) as { items: Record<string, unknown>[] };
      await route.fulfill({ response: res, json: { items: items.map((e) => (e.type === "TEXT_MESSAGE_CONTENT" ? { ...e, delta: said } : e.name === "card" || e.name === "suggestions" ? { ...e, value: spoil(e.value) } : e)) } });
    });
    await page.routeWebSocket(/\/v1\/chat\/ws/, (route) => {
      const server = route.connectToServer();
      route.onMessage((m) => server.send(m));
      server.onMessage((m) => {
        const frame = JSON.parse(String(m)) as { event?: Record<string, unknown> };
        if (frame.event?.type === "TEXT_MESSAGE_CONTENT") frame.event = { ...frame.event, delta: said };
        if (frame.event?.name === "card" || frame.event?.name === "suggestions") frame.event = { ...frame.event, value: spoil(frame.event.value) };
        route.send(JSON.stringify(frame));
      });
    });
    await page.goto("/");
    await openAssistant(page);
    for (const question of ["Top 5 referees by commission this month", "Analyze my performance for the past month", "Show my referral codes", "What events can I promote now?", "When are commissions settled?"]) {
      await ask(page, question);
      await page.waitForTimeout(300);
      await expectHarmless(page, question);
    }
    expect(await log(page).textContent()).toContain("zqanswer");
    expect(await page.locator("#assistant").locator("img, form, input, style, svg animate, iframe").and(page.locator(".prose-answer *")).count()).toBe(0);
    expect(await page.locator('.prose-answer a:not([href^="http"]):not([href^="/"]):not([href^="mailto"])[href]').count()).toBe(0);
    expect(foreign).toEqual([]);
    await page.context().close();
  });
});
