import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../../../lib/api";
import { ChatClient, type Pending, type Socket } from "./client";
import type { ClientFrame, RunEvent } from "./events";

class FakeSocket implements Socket {
  sent: ClientFrame[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  closed = false;
  send(data: string) {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }
  close() {
    this.closed = true;
  }
  receive(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  of = <T extends ClientFrame["type"]>(type: T) => this.sent.filter((f): f is ClientFrame & { type: T } => f.type === type);
}

const started = (seq: number, runId = "r1") => ({ type: "RUN_STARTED", threadId: "t1", runId, seq });
const mine = (seq: number, clientId: string) => ({ type: "CUSTOM", name: "user_message", value: { messageId: "u", text: "hi", clientId }, seq });
const event = (e: object) => ({ type: "event", threadId: "t1", event: e });

function setup(options: { kept?: Pending[]; events?: object[]; loadError?: Error } = {}) {
  const sockets: FakeSocket[] = [];
  let kept = options.kept ?? [];
  const refused = vi.fn();
  const client = new ChatClient({
    connect: () => {
      const s = new FakeSocket();
      sockets.push(s);
      return s;
    },
    loadEvents: () => (options.loadError ? Promise.reject(options.loadError) : Promise.resolve((options.events ?? []) as RunEvent[])),
    keep: { read: () => kept, write: (p) => (kept = [...p]) },
    onRefused: refused,
    random: () => 0.5,
  });
  client.start();
  return {
    client,
    refused,
    sockets,
    socket: () => sockets.at(-1),
    kept: () => kept,
    opened: () => {
      const s = sockets.at(-1) as FakeSocket;
      s.onopen?.();
      return s;
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("sending", () => {
  it("makes a thread of a new chat, and drops the message once its event is there", () => {
    const t = setup();
    t.client.send({ chat: "draft", text: "hi" });
    const s = t.opened();
    const [frame] = s.of("send");
    expect(frame).toMatchObject({ text: "hi" });
    expect(frame?.threadId).toBeUndefined();
    s.receive({ type: "accepted", clientId: frame?.clientId, threadId: "t1", runId: "r1" });
    expect(t.client.getState().chats).toEqual({ draft: "t1" });
    expect(t.client.getState().outbox).toHaveLength(1);
    s.receive(event(started(1)));
    s.receive(event(mine(2, frame?.clientId ?? "")));
    expect(t.client.getState().outbox).toHaveLength(0);
    expect(t.client.getState().threads.t1?.turns[0]?.user?.text).toBe("hi");
  });

  it("sends again under the same id when the socket drops before it was accepted", () => {
    const t = setup();
    t.client.send({ chat: "draft", text: "hi" });
    const first = t.opened().of("send")[0];
    t.socket()?.onclose?.();
    expect(t.client.getState().connection).toBe("lost");
    vi.advanceTimersByTime(1000);
    expect(t.sockets).toHaveLength(2);
    expect(t.opened().of("send")[0]?.clientId).toBe(first?.clientId);
  });

  it("says that it was not sent, and retries under the same id", () => {
    const t = setup();
    t.client.send({ chat: "draft", text: "hi" });
    const s = t.opened();
    vi.advanceTimersByTime(15_000);
    expect(t.client.getState().outbox[0]?.state).toBe("failed");
    const id = t.client.getState().outbox[0]?.clientId ?? "";
    t.client.retry(id);
    expect(s.of("send").map((f) => f.clientId)).toEqual([id, id]);
    s.receive({ type: "error", clientId: id, error: { code: "busy", message: "try later" } });
    expect(t.client.getState().outbox[0]).toMatchObject({ state: "failed", error: "try later" });
    t.client.discard(id);
    expect(t.client.getState().outbox).toEqual([]);
    expect(t.kept()).toEqual([]);
  });

  it("sends after a reload what an earlier page did not get accepted, and not what failed", () => {
    const kept: Pending[] = [
      { clientId: "a", chat: "d", text: "one", state: "sending" },
      { clientId: "b", chat: "d", text: "two", state: "failed" },
    ];
    expect(setup({ kept }).opened().of("send").map((f) => f.clientId)).toEqual(["a"]);
  });
});

describe("resuming", () => {
  it("goes on after what it has read, and after each drop, before anything is sent", async () => {
    const t = setup({ events: [started(1), mine(2, "x")] });
    t.client.open("t1");
    await vi.advanceTimersByTimeAsync(0);
    const s = t.opened();
    expect(s.of("resume")).toEqual([{ type: "resume", threadId: "t1", after: 2 }]);
    s.receive(event({ type: "TEXT_MESSAGE_START", messageId: "m", seq: 3 }));
    s.onclose?.();
    t.client.send({ chat: "d", threadId: "t1", text: "more" });
    vi.advanceTimersByTime(1000);
    const again = t.opened();
    expect(again.sent.map((f) => f.type)).toEqual(["resume", "send"]);
    expect(again.of("resume")[0]?.after).toBe(3);
  });

  it("keeps nothing of a thread that is not on screen", () => {
    const t = setup();
    t.client.send({ chat: "d", text: "hi" });
    t.opened().receive(event(started(5)));
    expect(t.client.getState().threads.t1).toBeUndefined();
  });

  it("follows no more threads than a socket may, and forgets those left longest ago", async () => {
    const t = setup();
    for (let i = 1; i <= 13; i++) {
      t.client.open(`t${i}`);
      await vi.advanceTimersByTimeAsync(0);
      if (i === 1 || i === 13) t.opened();
    }
    expect(t.sockets).toHaveLength(2);
    expect(t.sockets[0]?.closed).toBe(true);
    expect(t.sockets[0]?.of("resume")).toHaveLength(12);
    expect(t.sockets[1]?.of("resume").map((f) => f.threadId)).toEqual(["t8", "t9", "t10", "t11", "t12", "t13"]);
    expect(Object.keys(t.client.getState().threads)).toEqual(["t8", "t9", "t10", "t11", "t12", "t13"]);
    expect(t.client.getState().connection).toBe("open");
  });

  it("shows a thread that another device deleted as gone", async () => {
    const t = setup({ events: [started(1)] });
    t.client.open("t1");
    await vi.advanceTimersByTimeAsync(0);
    t.opened().receive({ type: "error", threadId: "t1", error: { code: "not_found", message: "no such conversation" } });
    expect(t.client.getState().threads.t1).toMatchObject({ load: "gone", turns: [] });
  });

  it("tells a thread that is gone from one that could not be read", async () => {
    for (const [status, load] of [[404, "gone"], [500, "failed"]] as const) {
      const t = setup({ loadError: new ApiError(status, "", "") });
      t.client.open("t1");
      await vi.advanceTimersByTimeAsync(0);
      expect(t.client.getState().threads.t1?.load).toBe(load);
    }
  });
});

describe("the socket", () => {
  it("is opened anew when it no longer answers", () => {
    const t = setup();
    t.client.send({ chat: "d", text: "hi" });
    const s = t.opened();
    vi.advanceTimersByTime(20_000);
    expect(s.of("ping")).toHaveLength(1);
    s.receive({ type: "pong" });
    vi.advanceTimersByTime(20_000);
    expect(s.closed).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(s.closed).toBe(true);
    vi.advanceTimersByTime(2_000);
    expect(t.sockets).toHaveLength(2);
  });

  it("waits longer each time, and asks about the session when it is refused", () => {
    const t = setup();
    t.client.send({ chat: "d", text: "hi" });
    t.socket()?.onclose?.();
    expect(t.refused).not.toHaveBeenCalled();
    vi.advanceTimersByTime(799);
    expect(t.sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(t.sockets).toHaveLength(2);
    t.socket()?.onclose?.();
    expect(t.refused).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1_599);
    expect(t.sockets).toHaveLength(2);
  });

  it("asks again for a stop that the drop swallowed, and stops asking when the run has ended", () => {
    const t = setup();
    t.client.send({ chat: "d", text: "hi" });
    const s = t.opened();
    const id = s.of("send")[0]?.clientId ?? "";
    s.receive({ type: "accepted", clientId: id, threadId: "t1", runId: "r1" });
    s.receive(event(started(1)));
    s.receive(event(mine(2, id)));
    s.onclose?.();
    t.client.stop("r1");
    vi.advanceTimersByTime(1000);
    const again = t.opened();
    expect(again.of("stop")).toEqual([{ type: "stop", runId: "r1" }]);
    again.receive(event({ type: "CUSTOM", name: "stopped", value: {}, seq: 3 }));
    again.receive(event({ type: "RUN_FINISHED", threadId: "t1", runId: "r1", seq: 4 }));
    expect(t.client.getState().stopping).toEqual([]);
    expect(t.client.getState().threads.t1?.turns[0]?.status).toBe("stopped");
  });

  it("stays closed once closed", () => {
    const t = setup();
    t.client.send({ chat: "d", text: "hi" });
    t.opened();
    t.client.close();
    t.socket()?.onclose?.();
    vi.advanceTimersByTime(60_000);
    expect(t.sockets).toHaveLength(1);
  });
});

describe("a person who answers", () => {
  const signal = (s: object) => ({ type: "signal", threadId: "t1", ticketId: "k1", signal: s });
  const setUp = async () => {
    const t = setup({ events: [started(1), mine(2, "x")] });
    t.client.open("t1");
    await vi.advanceTimersByTimeAsync(0);
    return { ...t, s: t.opened(), other: () => t.client.getState().others.t1 };
  };

  it("types until they have said it, or have stopped for a while", async () => {
    const { s, other } = await setUp();
    s.receive(signal({ name: "Ada", typing: true }));
    expect(other()).toMatchObject({ name: "Ada", typing: true });
    vi.advanceTimersByTime(5000);
    expect(other()?.typing).toBe(false);
    s.receive(signal({ name: "Ada", typing: true }));
    s.receive(event({ type: "TEXT_MESSAGE_START", messageId: "m", name: "Ada", seq: 3 }));
    expect(other()?.typing).toBe(false);
  });

  it("has seen what they have seen, whatever comes late", async () => {
    const { s, other } = await setUp();
    s.receive(signal({ delivered: 2, seen: 2 }));
    s.receive(signal({ delivered: 1 }));
    expect(other()).toMatchObject({ delivered: 2, seen: 2 });
  });

  it("is told that I type now and then, and what I have seen", async () => {
    const { s, client } = await setUp();
    client.typing("t1");
    client.typing("t1");
    vi.advanceTimersByTime(3000);
    client.typing("t1");
    client.saw("t1");
    expect(s.of("signal")).toEqual([
      { type: "signal", threadId: "t1", typing: true },
      { type: "signal", threadId: "t1", typing: true },
      { type: "signal", threadId: "t1", delivered: 2, seen: 2 },
    ]);
  });
});
