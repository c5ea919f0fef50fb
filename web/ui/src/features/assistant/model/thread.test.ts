import { EventSchemas } from "@ag-ui/core/schemas";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "./events";
import { addEvents, answerText, emptyThread, type Thread } from "./thread";

function run(n: number, from: number): RunEvent[] {
  const runId = `run-${n}`;
  const body = [
    { type: "RUN_STARTED", threadId: "t", runId },
    { type: "CUSTOM", name: "user_message", value: { messageId: `u${n}`, text: `question ${n}`, clientId: `c${n}` } },
    { type: "STEP_STARTED", stepName: "model" },
    { type: "TOOL_CALL_START", toolCallId: `k${n}`, toolCallName: "query_metrics", parentMessageId: `m${n}` },
    { type: "TOOL_CALL_ARGS", toolCallId: `k${n}`, delta: "{}" },
    { type: "TOOL_CALL_END", toolCallId: `k${n}` },
    { type: "TOOL_CALL_RESULT", messageId: `r${n}`, toolCallId: `k${n}`, role: "tool", content: "{}" },
    { type: "CUSTOM", name: "card", value: { id: `card${n}`, kind: "metrics", title: "", tool: "query_metrics", toolCallId: `k${n}`, args: {}, data: {} } },
    { type: "TEXT_MESSAGE_START", messageId: `m${n}`, role: "assistant" },
    ...["You ", "earned ", "12.30", " USDT."].map((delta) => ({ type: "TEXT_MESSAGE_CONTENT", messageId: `m${n}`, delta })),
    { type: "TEXT_MESSAGE_END", messageId: `m${n}` },
    { type: "CUSTOM", name: "suggestions", value: { items: ["and futures?"] } },
    { type: "RUN_FINISHED", threadId: "t", runId, outcome: { type: "success" } },
  ];
  return body.map((e, i) => ({ ...e, seq: from + i, timestamp: 1 })) as unknown as RunEvent[];
}

const first = run(1, 1);
const all = [...first, ...run(2, first.length + 1)];
const feed = (events: RunEvent[], start: Thread = emptyThread) => events.reduce((t, e) => addEvents(t, [e]), start);

describe("a thread", () => {
  const whole = feed(all);

  it("is what the events say", () => {
    expect(whole.turns).toHaveLength(2);
    expect(whole.turns[0]).toMatchObject({ status: "done", suggestions: ["and futures?"], user: { text: "question 1" } });
    expect(whole.turns[0] && answerText(whole.turns[0])).toBe("You earned 12.30 USDT.");
    expect(whole.turns[0]?.parts.map((p) => p.type)).toEqual(["card", "text"]);
    expect(whole.cursor).toBe(all.length);
  });

  it("is the same whatever the order, repetition and batching", () => {
    const anyDelivery = fc
      .shuffledSubarray([...all.keys()], { minLength: all.length })
      .chain((order) => fc.tuple(fc.constant(order), fc.array(fc.nat(all.length - 1)), fc.integer({ min: 1, max: 7 })));
    fc.assert(
      fc.property(anyDelivery, ([order, again, size]) => {
        const sent = [...order, ...again].map((i) => all[i] as RunEvent);
        let thread = emptyThread;
        for (let i = 0; i < sent.length; i += size) thread = addEvents(thread, sent.slice(i, i + size));
        expect(thread).toEqual(whole);
      }),
    );
  });

  it("loses and doubles nothing when a replay from the cursor overlaps what came live", () => {
    fc.assert(
      fc.property(fc.subarray(all), fc.nat(all.length), (seen, dropped) => {
        let thread = feed(seen.slice(0, dropped));
        thread = feed(all.filter((e) => e.seq > thread.cursor), thread);
        expect(thread).toEqual(whole);
      }),
    );
  });

  it("never asks to resume beyond a gap", () => {
    const thread = feed([...first.slice(0, 4), ...first.slice(6)]);
    expect(thread.cursor).toBe(4);
  });

  it("ignores what it has", () => {
    expect(addEvents(whole, all)).toBe(whole);
  });

  it("takes an event kind it does not know", () => {
    const thread = feed([...first.slice(0, 3), { type: "CUSTOM", name: "later", value: 1, seq: 4 } as unknown as RunEvent]);
    expect(thread.turns[0]?.status).toBe("running");
  });

  it("starts a run once, also when another worker takes it over", () => {
    const again = { ...(first[0] as RunEvent), seq: 4 };
    expect(feed([...first.slice(0, 3), again]).turns).toHaveLength(1);
  });

  it("takes away the message that another model replaces, and no other", () => {
    const thread = feed([
      ...first.slice(0, 11),
      { type: "CUSTOM", name: "fallback", value: { reason: "stalled", replaces: "m1" }, seq: 12 },
      { type: "TEXT_MESSAGE_START", messageId: "x", seq: 13 },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "x", delta: "Again.", seq: 14 },
      { type: "CUSTOM", name: "fallback", value: { reason: "stalled" }, seq: 15 },
    ]);
    expect(thread.turns[0] && answerText(thread.turns[0])).toBe("Again.");
  });

  it("tells done, stopped and failed apart", () => {
    const after = (...events: object[]) => feed([...first.slice(0, 10), ...events.map((e, i) => ({ ...e, seq: 11 + i }) as RunEvent)]).turns[0];
    const finished = { type: "RUN_FINISHED", threadId: "t", runId: "run-1" };
    expect(after(finished)?.status).toBe("done");
    expect(after({ type: "CUSTOM", name: "stopped", value: {} }, finished)?.status).toBe("stopped");
    expect(after({ type: "RUN_ERROR", message: "m", code: "internal" })).toMatchObject({ status: "failed", error: "m" });
  });
});

it("the events of these tests are AG-UI's", () => {
  for (const e of all) expect(EventSchemas.safeParse(e).error).toBeUndefined();
});
