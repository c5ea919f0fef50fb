import { api } from "../../../lib/api";
import type { Page } from "../../../lib/contract";
import type { ClientFrame, RunEvent, ServerFrame } from "./events";
import { noOne, shownFor, typingEvery, type Other } from "./other";
import { addEvents, emptyThread, type Thread } from "./thread";

/** A message of mine until its event has come back. */
export interface Pending {
  /** The same id sent again makes no second turn. */
  clientId: string;
  /** The chat it was written in; a new one has no thread until the server accepts it. */
  chat: string;
  threadId?: string;
  text: string;
  option?: string;
  state: "sending" | "failed";
  error?: string;
}

export interface ThreadState extends Thread {
  load: "loading" | "ready" | "gone" | "failed";
}

export interface ChatState {
  connection: "idle" | "connecting" | "open" | "lost";
  threads: Readonly<Record<string, ThreadState>>;
  /** The thread that each new chat became. */
  chats: Readonly<Record<string, string>>;
  outbox: readonly Pending[];
  /** What the BDs who hold threads do. */
  others: Readonly<Record<string, Other>>;
  /** Runs asked to stop. */
  stopping: readonly string[];
}

export interface Socket {
  send(data: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((e: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

export interface ClientOptions {
  connect: () => Socket;
  loadEvents?: (threadId: string) => Promise<RunEvent[]>;
  /** Keeps what was not accepted yet over a reload. */
  keep?: { read(): Pending[]; write(p: readonly Pending[]): void };
  /** The socket was refused several times: is the session still there? */
  onRefused?: () => void;
  random?: () => number;
}

const ackTimeout = 15_000;
const pingEvery = 20_000;
const pongTimeout = 10_000;
const longestWait = 15_000;
const mostFollowed = 6;
const mostOnSocket = 12;

/**
 * The conversation with the server: one socket for all threads, opened at the first need and opened again when it
 * drops. Each thread resumes from its own cursor; what was sent and not accepted is sent again under its id.
 */
export class ChatClient {
  private state: ChatState;
  private listeners = new Set<() => void>();
  private socket: Socket | null = null;
  private refused = 0;
  private closed = false;
  private typed = new Map<string, number>();
  private timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** The threads to resume, the latest wanted last. */
  private followed = new Set<string>();
  /** What the server sends on this socket: it does so until the socket closes, of so many threads at most. */
  private onSocket = new Set<string>();

  constructor(private readonly options: ClientOptions) {
    const outbox = options.keep?.read() ?? [];
    this.state = { connection: "idle", threads: {}, chats: {}, outbox, others: {}, stopping: [] };
  }

  /** Begins, or begins again after close: what an earlier page did not get accepted is sent. */
  start() {
    this.closed = false;
    const sending = this.state.outbox.filter((p) => p.state === "sending");
    sending.forEach((p) => this.awaitAck(p.clientId));
    if (sending.length > 0 || this.followed.size > 0) this.connect();
  }

  readonly subscribe = (f: () => void) => {
    this.listeners.add(f);
    return () => void this.listeners.delete(f);
  };
  readonly getState = () => this.state;

  /** Loads a thread and follows it. */
  open(threadId: string) {
    const load = this.state.threads[threadId]?.load;
    if (load === "ready") this.follow(threadId);
    if (load === "loading" || load === "ready") return;
    this.setThread(threadId, (t) => ({ ...t, load: "loading" }));
    const read = this.options.loadEvents ?? readEvents;
    read(threadId).then(
      (events) => {
        this.setThread(threadId, (t) => ({ ...addEvents(t, events), load: "ready" }));
        this.dropEchoed(threadId);
        this.follow(threadId);
      },
      (e: unknown) => this.setThread(threadId, (t) => ({ ...t, load: (e as { status?: number }).status === 404 ? "gone" : "failed" })),
    );
  }

  send(message: { chat: string; threadId?: string; text: string; option?: string }) {
    const pending: Pending = { ...message, clientId: crypto.randomUUID(), state: "sending" };
    this.setOutbox([...this.state.outbox, pending]);
    this.transmit(pending);
  }

  retry(clientId: string) {
    const p = this.state.outbox.find((x) => x.clientId === clientId);
    if (!p) return;
    const again: Pending = { ...p, state: "sending", error: undefined };
    this.setOutbox(this.state.outbox.map((x) => (x === p ? again : x)));
    this.transmit(again);
  }

  discard(clientId: string) {
    this.clear(clientId);
    this.setOutbox(this.state.outbox.filter((p) => p.clientId !== clientId));
  }

  stop(runId: string) {
    if (!this.state.stopping.includes(runId)) this.set({ stopping: [...this.state.stopping, runId] });
    this.write({ type: "stop", runId });
  }

  /** Says that I type, to the BD who holds the thread. */
  typing(threadId: string) {
    const now = Date.now();
    if (now - (this.typed.get(threadId) ?? 0) < typingEvery) return;
    this.typed.set(threadId, now);
    this.write({ type: "signal", threadId, typing: true });
  }

  /** Says that what the thread holds is on my screen. */
  saw(threadId: string) {
    const seen = this.state.threads[threadId]?.cursor ?? 0;
    if (seen > 0) this.write({ type: "signal", threadId, delivered: seen, seen });
  }

  /** Forgets a thread that was deleted. */
  forget(threadId: string) {
    this.followed.delete(threadId);
    this.set({ threads: Object.fromEntries(Object.entries(this.state.threads).filter(([id]) => id !== threadId)) });
  }

  /** Tries at once, when the network is back or the page is looked at again. */
  readonly wake = () => {
    if (this.state.connection === "lost") this.connect();
  };

  close() {
    this.closed = true;
    this.timers.forEach((id) => clearTimeout(id));
    this.timers.clear();
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.set({ connection: "idle" });
  }

  private follow(threadId: string) {
    this.want(threadId);
    if (this.state.connection !== "open") this.connect();
    else if (this.onSocket.has(threadId)) return;
    else if (this.onSocket.size < mostOnSocket) this.resume(threadId);
    else this.reconnect();
  }

  // What was wanted longest ago is forgotten; it is read again when it is opened again.
  private want(threadId: string) {
    this.followed.delete(threadId);
    this.followed.add(threadId);
    for (const id of this.followed) {
      if (this.followed.size <= mostFollowed) return;
      this.forget(id);
    }
  }

  // A new socket follows only what is still wanted.
  private reconnect() {
    const old = this.socket;
    this.socket = null;
    old?.close();
    this.clear("ping");
    this.clear("pong");
    this.set({ connection: "connecting" });
    this.connect();
  }

  private resume(threadId: string) {
    this.onSocket.add(threadId);
    this.write({ type: "resume", threadId, after: this.state.threads[threadId]?.cursor ?? 0 });
  }

  private transmit(p: Pending) {
    this.awaitAck(p.clientId);
    if (this.state.connection === "open") this.writeSend(p);
    else this.connect();
  }

  private writeSend({ clientId, threadId, text, option }: Pending) {
    this.write({ type: "send", clientId, threadId, text, option });
  }

  private awaitAck(clientId: string) {
    this.after(clientId, ackTimeout, () => this.fail(clientId));
  }

  private fail(clientId: string, error?: string) {
    this.clear(clientId);
    this.setOutbox(this.state.outbox.map((p) => (p.clientId === clientId ? { ...p, state: "failed", error } : p)));
  }

  private connect() {
    if (this.closed || this.socket) return;
    this.clear("reconnect");
    if (this.state.connection === "idle") this.set({ connection: "connecting" });
    const socket = this.options.connect();
    this.socket = socket;
    socket.onopen = () => {
      this.refused = 0;
      this.onSocket.clear();
      this.set({ connection: "open" });
      // A thread resumes before anything is sent to it, so that its cursor meets no gap.
      this.followed.forEach((id) => this.resume(id));
      for (const p of this.state.outbox) if (p.state === "sending") this.writeSend(p);
      for (const runId of this.state.stopping) if (this.running(runId)) this.write({ type: "stop", runId });
      this.beat();
    };
    socket.onmessage = (e) => {
      if (typeof e.data === "string") this.receive(JSON.parse(e.data) as ServerFrame);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.clear("ping");
      this.clear("pong");
      if (this.closed) return;
      if (this.state.connection !== "open" && ++this.refused >= 2) this.options.onRefused?.();
      this.set({ connection: "lost" });
      const wait = Math.min(longestWait, 400 * 2 ** this.refused) * (0.75 + (this.options.random ?? Math.random)() / 2);
      this.after("reconnect", wait, () => this.connect());
    };
  }

  private running(runId: string) {
    return Object.values(this.state.threads).some((t) => t.turns.some((turn) => turn.runId === runId && turn.status === "running"));
  }

  // A socket can die without a word: one that does not answer is closed, and opened anew.
  private beat() {
    this.after("ping", pingEvery, () => {
      this.write({ type: "ping" });
      this.after("pong", pongTimeout, () => {
        const dead = this.socket;
        dead?.onclose?.();
        dead?.close();
      });
      this.beat();
    });
  }

  private receive(frame: ServerFrame) {
    this.clear("pong");
    if (frame.type === "accepted") this.accepted(frame.clientId, frame.threadId);
    else if (frame.type === "event") this.event(frame.threadId, frame.event);
    else if (frame.type === "signal") this.signal(frame.threadId, frame.signal);
    else if (frame.type === "error" && frame.clientId) this.fail(frame.clientId, frame.error.message);
    else if (frame.type === "error" && frame.threadId && frame.error.code === "not_found") this.gone(frame.threadId);
  }

  private signal(threadId: string, { name, typing = false, delivered = 0, seen = 0 }: { name?: string; typing?: boolean; delivered?: number; seen?: number }) {
    const was = this.state.others[threadId] ?? noOne;
    const now = { name: name ?? was.name, typing, delivered: Math.max(was.delivered, delivered), seen: Math.max(was.seen, seen) };
    this.set({ others: { ...this.state.others, [threadId]: now } });
    if (typing) this.after(`typing ${threadId}`, shownFor, () => this.quiet(threadId));
  }

  private quiet(threadId: string) {
    this.clear(`typing ${threadId}`);
    const was = this.state.others[threadId];
    if (was?.typing) this.set({ others: { ...this.state.others, [threadId]: { ...was, typing: false } } });
  }

  private accepted(clientId: string, threadId: string) {
    this.clear(clientId);
    const p = this.state.outbox.find((x) => x.clientId === clientId);
    this.want(threadId);
    this.onSocket.add(threadId);
    if (!this.state.threads[threadId]) this.setThread(threadId, (t) => t);
    if (!p) return;
    this.setOutbox(this.state.outbox.map((x) => (x === p ? { ...p, threadId, state: "sending" } : x)));
    if (!p.threadId) this.set({ chats: { ...this.state.chats, [p.chat]: threadId } });
    this.dropEchoed(threadId);
  }

  private gone(threadId: string) {
    this.followed.delete(threadId);
    this.setThread(threadId, () => ({ ...emptyThread, load: "gone" }));
  }

  private event(threadId: string, event: RunEvent) {
    // Of a thread that is not on screen yet nothing is kept: opening it reads all of it.
    if (!this.state.threads[threadId]) return;
    this.setThread(threadId, (t) => ({ ...addEvents(t, [event]), load: t.load }));
    if (event.type === "TEXT_MESSAGE_START") this.quiet(threadId);
    if (event.type === "CUSTOM" && event.name === "user_message") this.dropEchoed(threadId);
    if (event.type === "RUN_FINISHED" || event.type === "RUN_ERROR") {
      const stopping = this.state.stopping.filter((id) => this.running(id));
      if (stopping.length !== this.state.stopping.length) this.set({ stopping });
    }
  }

  // The thread shows my message once its event is there.
  private dropEchoed(threadId: string) {
    const echoed = new Set(this.state.threads[threadId]?.turns.map((t) => t.user?.clientId));
    const rest = this.state.outbox.filter((p) => !echoed.has(p.clientId));
    if (rest.length === this.state.outbox.length) return;
    this.state.outbox.filter((p) => echoed.has(p.clientId)).forEach((p) => this.clear(p.clientId));
    this.setOutbox(rest);
  }

  private write(frame: ClientFrame) {
    if (this.state.connection === "open") this.socket?.send(JSON.stringify(frame));
  }

  private after(name: string, ms: number, f: () => void) {
    this.clear(name);
    this.timers.set(name, setTimeout(f, ms));
  }

  private clear(name: string) {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }

  private setThread(id: string, f: (t: ThreadState) => ThreadState) {
    const now = this.state.threads[id] ?? { ...emptyThread, load: "ready" };
    this.set({ threads: { ...this.state.threads, [id]: f(now) } });
  }

  private setOutbox(outbox: readonly Pending[]) {
    this.options.keep?.write(outbox);
    this.set({ outbox });
  }

  private set(part: Partial<ChatState>) {
    this.state = { ...this.state, ...part };
    this.listeners.forEach((f) => f());
  }
}

const readEvents = (threadId: string) =>
  api.get<Page<RunEvent>>(`/v1/conversations/${encodeURIComponent(threadId)}/events`, { after: 0 }).then((p) => p.items);
