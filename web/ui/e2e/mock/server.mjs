import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";
import { answer } from "./answers.mjs";
import { metrics, people, period } from "./data.mjs";

// A server that speaks the contract from memory: for working on the app without the real one, and for faults that the
// real one does not make. `faults` can be set from outside.

const dist = new URL("../../../dist/", import.meta.url).pathname;
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

export function start(port = 0) {
  const threads = new Map();
  const accepted = new Map();
  const followers = new Map();
  const votes = new Map();
  const faults = { dropAfter: 0, duplicate: false, mute: false };
  let threadCount = 0;
  let runCount = 0;

  const problem = (res, status, code, detail) => send(res, status, { status, code, detail }, "application/problem+json");
  const send = (res, status, body, type = "application/json", headers = {}) => {
    res.writeHead(status, { "Content-Type": type, ...headers });
    res.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const sessionOf = (req) => people.find((p) => req.headers.cookie?.includes(`session=${p.uid}`));

  async function handle(req, res) {
    const url = new URL(req.url, "http://x");
    const q = url.searchParams;
    if (!url.pathname.startsWith("/v1/")) return file(url.pathname, res);
    const body = ["POST", "PUT", "PATCH"].includes(req.method) ? JSON.parse(await text(req)) : {};
    if (url.pathname === "/v1/dev/people") return send(res, 200, people);
    if (url.pathname === "/v1/dev/session") {
      const p = people.find((x) => x.uid === body.uid);
      return p ? send(res, 200, { ...p, zone: "UTC", dev: true }, undefined, { "Set-Cookie": `session=${p.uid}; HttpOnly; Path=/; SameSite=Lax` }) : problem(res, 404, "not_found", "no such person");
    }
    const me = sessionOf(req);
    if (url.pathname === "/v1/session" && req.method === "DELETE") return send(res, 204, undefined, undefined, { "Set-Cookie": "session=; Max-Age=0; Path=/" });
    if (!me) return problem(res, 401, "unauthorized", "sign in first");
    if (url.pathname === "/v1/session") return send(res, 200, { ...me, zone: "UTC", dev: true });
    if (url.pathname === "/v1/notices") return send(res, 200, { items: [], unread: 0 });
    if (me.role !== "partner") return problem(res, 403, "forbidden", `the role "${me.role}" may not do this`);
    if (url.pathname === "/v1/welcome") {
      return send(res, 200, { message: "Ask about your commission, your referees and their trading.", questions: ["How much commission did I earn this week?", "How does this week's commission compare with last week's?", "What does the deposit data look like?", "Who contributed the most commission this month?", "List my newest referees"] });
    }
    if (url.pathname === "/v1/metrics/query") {
      if (!period(q.get("period") ?? "")) return problem(res, 422, "invalid", "period: unknown");
      const share = me.uid === 10003 ? 0 : q.get("period").startsWith("2000-") ? 0 : 1;
      const out = metrics({ metrics: q.get("metrics").split(","), period: q.get("period"), groupBy: q.get("groupBy") ?? undefined, compare: q.get("compare") === "true", share });
      if (me.uid !== 10003 && share === 0 && out.total.totalReferrals) out.total.totalReferrals.current = 412;
      return send(res, 200, out);
    }
    if (url.pathname === "/v1/feedback") {
      if (req.method === "PUT") votes.set(body.runId, body);
      if (req.method === "DELETE") votes.delete(q.get("runId"));
      return req.method === "GET" ? send(res, 200, { items: [...votes.values()] }) : send(res, req.method === "PUT" ? 200 : 204, req.method === "PUT" ? body : undefined);
    }
    const mine = [...threads.values()].filter((t) => t.owner === me.uid);
    if (url.pathname === "/v1/conversations") return send(res, 200, { items: mine.map(({ id, title, updatedAt }) => ({ id, title, updatedAt })).sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1)) });
    const [, , , id, sub] = url.pathname.split("/");
    const thread = mine.find((t) => t.id === id);
    if (!thread) return problem(res, 404, "not_found", "no such conversation");
    if (sub === "events") return send(res, 200, { items: thread.events.filter((e) => e.seq > Number(q.get("after"))) });
    if (req.method === "PATCH") thread.title = body.title;
    if (req.method === "DELETE") threads.delete(id);
    return send(res, 204);
  }

  async function file(path, res) {
    const name = normalize(path).replace(/^\/+/, "");
    for (const f of [name, "index.html"]) {
      const data = f && (await readFile(join(dist, f)).catch(() => null));
      if (!data) continue;
      res.writeHead(200, { "Content-Type": types[extname(f)] ?? "application/octet-stream" });
      return res.end(data);
    }
    res.writeHead(404).end();
  }

  function emit(thread, event) {
    const logged = { ...event, seq: thread.events.length + 1, timestamp: Date.now() };
    thread.events.push(logged);
    for (const socket of followers.get(thread.id) ?? []) push(socket, thread.id, logged);
  }
  function push(socket, threadId, event) {
    const frame = JSON.stringify({ type: "event", threadId, event });
    socket.send(frame);
    if (faults.duplicate) socket.send(frame);
    if (faults.dropAfter > 0 && --faults.dropAfter === 0) socket.terminate();
  }
  const follow = (socket, id) => {
    if (!followers.has(id)) followers.set(id, new Set());
    followers.get(id).add(socket);
  };

  async function run(thread, runId, { clientId, text }) {
    emit(thread, { type: "RUN_STARTED", threadId: thread.id, runId });
    emit(thread, { type: "CUSTOM", name: "user_message", value: { messageId: `${runId}-user`, text, clientId } });
    await sleep(250);
    for (const step of answer(text)) {
      if (thread.stop === runId) {
        emit(thread, { type: "CUSTOM", name: "stopped", value: {} });
        break;
      }
      if (typeof step === "number") await sleep(step);
      else emit(thread, step);
    }
    thread.updatedAt = new Date().toISOString();
    if (thread.events.at(-1).type !== "RUN_ERROR") emit(thread, { type: "RUN_FINISHED", threadId: thread.id, runId, outcome: { type: "success" } });
  }

  const server = createServer((req, res) => handle(req, res).catch((e) => problem(res, 500, "internal", String(e))));
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "partnerhub.v1" });
  server.on("upgrade", (req, socket, head) => {
    const me = sessionOf(req);
    if (me && req.url === "/v1/notices/ws") return sockets.handleUpgrade(req, socket, head, (ws) => ws.send('{"unread":0}'));
    if (me?.role !== "partner") return socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
    sockets.handleUpgrade(req, socket, head, (ws) => {
      ws.on("close", () => followers.forEach((set) => set.delete(ws)));
      ws.on("message", (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === "ping") return ws.send('{"type":"pong"}');
        if (frame.type === "stop") {
          for (const t of threads.values()) if (t.running === frame.runId) t.stop = frame.runId;
          return;
        }
        if (frame.type === "resume") {
          const t = threads.get(frame.threadId);
          if (t?.owner !== me.uid) return ws.send(JSON.stringify({ type: "error", error: { code: "not_found", message: "no such conversation" } }));
          for (const e of t.events.filter((e) => e.seq > frame.after)) push(ws, t.id, e);
          return follow(ws, t.id);
        }
        if (frame.type !== "send" || faults.mute) return;
        let done = accepted.get(frame.clientId);
        const fresh = !done;
        if (!done) {
          const id = frame.threadId ?? `0193b0a0-0000-7000-8000-${String(++threadCount).padStart(12, "0")}`;
          if (!threads.has(id)) threads.set(id, { id, owner: me.uid, title: frame.text.slice(0, 80), updatedAt: new Date().toISOString(), events: [] });
          done = { threadId: id, runId: `run-${++runCount}` };
          accepted.set(frame.clientId, done);
          threads.get(id).running = done.runId;
        }
        follow(ws, done.threadId);
        ws.send(JSON.stringify({ type: "accepted", clientId: frame.clientId, ...done }));
        // Who asks again is told what the run has said meanwhile.
        if (!fresh) for (const e of threads.get(done.threadId).events) push(ws, done.threadId, e);
        if (fresh) void run(threads.get(done.threadId), done.runId, frame);
      });
    });
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve({ url: `http://127.0.0.1:${server.address().port}`, faults, close: () => (sockets.clients.forEach((c) => c.terminate()), server.close()) })));
}

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
async function text(req) {
  let s = "";
  for await (const chunk of req) s += chunk;
  return s;
}
