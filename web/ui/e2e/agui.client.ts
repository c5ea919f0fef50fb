import { buildResumeArray, HttpAgent, randomUUID, type RunAgentParameters } from "@ag-ui/client";
import type { BaseEvent } from "@ag-ui/core";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { base, people, tokenOf } from "./token";

// The published AG-UI client, unchanged, over server-sent events. It checks each event against its schema and the order of events by
// itself, throws at what does not fit, and warns of fields that it does not know.

let headers: Record<string, string>;

beforeAll(async () => {
  const partner = (await people()).find((p) => p.role === "partner");
  if (!partner) throw new Error("there is no partner to sign in as");
  headers = { Authorization: `Bearer ${await tokenOf(partner)}` };
});

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => {
  expect(vi.mocked(console.warn).mock.calls).toEqual([]);
  vi.restoreAllMocks();
});

/** An agent for a thread of its own. */
const agent = () => new HttpAgent({ url: `${base}/v1/chat/sse`, headers, threadId: randomUUID() });

/** A run, and the events that it was made of. */
async function run(a: HttpAgent, input: string | RunAgentParameters): Promise<BaseEvent[]> {
  const events: BaseEvent[] = [];
  if (typeof input === "string") a.addMessage({ id: randomUUID(), role: "user", content: input });
  await a.runAgent(typeof input === "string" ? {} : input, { onEvent: ({ event }) => void events.push(event) });
  return events;
}

const types = (events: BaseEvent[]) => events.map((e) => e.type as string);
const said = (a: HttpAgent) => a.messages.filter((m) => m.role === "assistant" && m.content).at(-1)?.content as string;

/** The log of a thread, as the server keeps it. */
async function log(thread: string): Promise<BaseEvent[]> {
  const res = await fetch(`${base}/v1/conversations/${thread}/events`, { headers });
  expect(res.status).toBe(200);
  return ((await res.json()) as { items: BaseEvent[] }).items;
}

describe("@ag-ui/client", () => {
  test("a run: tool calls with their results, text, and the next question in the same thread", async () => {
    const a = agent();
    const events = await run(a, "How much commission did I earn last week?");
    expect(types(events)[0]).toBe("RUN_STARTED");
    expect(types(events)).toEqual(expect.arrayContaining(["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT", "TEXT_MESSAGE_CONTENT"]));
    expect(types(events).at(-1)).toBe("RUN_FINISHED");
    const calls = a.messages.flatMap((m) => (m.role === "assistant" ? (m.toolCalls ?? []) : []));
    expect(calls.map((c) => c.function.name)).toContain("query_metrics");
    for (const c of calls) {
      JSON.parse(c.function.arguments);
      const result = a.messages.find((m) => m.role === "tool" && m.toolCallId === c.id);
      JSON.parse(result?.content as string);
    }
    expect(said(a)).toMatch(/USDT/);

    const before = a.messages.length;
    await run(a, "and futures only?");
    expect(JSON.stringify(a.messages.slice(before))).toContain("futures");
    expect(types(await log(a.threadId)).filter((t) => t === "RUN_FINISHED")).toHaveLength(2);
  });

  test("an interrupt: approved once, and the same answer again executes nothing", async () => {
    const a = agent();
    const code = `AG${String(Date.now())}`;
    const events = await run(a, `Create a code ${code} with 5% spot and 5% futures`);
    expect(types(events)).toEqual(expect.arrayContaining(["STATE_SNAPSHOT", "MESSAGES_SNAPSHOT"]));
    const [interrupt] = a.pendingInterrupts;
    if (!interrupt) throw new Error("the run did not wait");
    const digest = (interrupt.metadata as { digest: string }).digest;
    const resume = buildResumeArray(a.pendingInterrupts, { [interrupt.id]: { status: "resolved", payload: { approved: true, digest } } });
    await run(a, { resume });
    expect(a.pendingInterrupts).toEqual([]);
    expect(said(a)).toContain(code);
    const again = new HttpAgent({ url: `${base}/v1/chat/sse`, headers, threadId: a.threadId });
    expect(types(await run(again, { resume })).at(-1)).toBe("RUN_FINISHED");
    const codes = (await (await fetch(`${base}/v1/codes`, { headers })).json()) as { rows: { key: string }[] };
    expect(codes.rows.filter((r) => r.key === code)).toHaveLength(1);
  });

  test("an interrupt: cancelled, nothing is done", async () => {
    const a = agent();
    const code = `NO${String(Date.now())}`;
    await run(a, `Create a code ${code} with 5% spot and 5% futures`);
    const [interrupt] = a.pendingInterrupts;
    if (!interrupt) throw new Error("the run did not wait");
    await run(a, { resume: buildResumeArray(a.pendingInterrupts, { [interrupt.id]: { status: "cancelled" } }) });
    expect(a.pendingInterrupts).toEqual([]);
    const codes = (await (await fetch(`${base}/v1/codes`, { headers })).json()) as { rows: { key: string }[] };
    expect(codes.rows.map((r) => r.key)).not.toContain(code);
  });

  test("a client that leaves: its run goes on, and the log has all of it", async () => {
    const a = agent();
    a.addMessage({ id: randomUUID(), role: "user", content: "Analyze my performance for the past month" });
    await a.runAgent({}, { onRunStartedEvent: () => a.abortRun() }).catch((e: unknown) => {
      if ((e as Error).name !== "AbortError") throw e;
    });
    await expect.poll(async () => types(await log(a.threadId)).at(-1), { timeout: 30_000 }).toBe("RUN_FINISHED");
  });

  test("a refusal is an error, with the problem's words", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined); // the client's own report
    const a = new HttpAgent({ url: `${base}/v1/chat/sse`, threadId: randomUUID() });
    await expect(run(a, "How much?")).rejects.toThrow(/401/);
  });
});
