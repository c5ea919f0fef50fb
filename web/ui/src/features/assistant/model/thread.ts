import type { Card, Handoff, Question, RunEvent, UserMessage } from "./events";

export type Part =
  | { type: "text"; id: string; text: string; done: boolean; from?: string }
  | { type: "card"; id: string; card: Card };

/** One question and what was answered. */
export interface Turn {
  runId: string;
  user?: UserMessage;
  parts: Part[];
  status: "running" | "done" | "stopped" | "failed";
  stopped?: boolean;
  /** The model failed, and the offline planner finished the answer. */
  degraded?: boolean;
  /** The tool at work, while no result is there. */
  tool?: string;
  error?: string;
  question?: Question;
  suggestions: string[];
  /** How the ticket stood at its end, where that changed. */
  handoff?: Handoff;
}

export interface Thread {
  /** Each event once, by ascending seq. */
  events: readonly RunEvent[];
  turns: readonly Turn[];
  /** Resume after this one: the last event up to which none is missing. */
  cursor: number;
}

export const emptyThread: Thread = { events: [], turns: [], cursor: 0 };

/**
 * A thread with more events. They may come twice, late or in any order, from a replay or live: the same set of events
 * gives the same thread.
 */
export function addEvents(thread: Thread, incoming: readonly RunEvent[]): Thread {
  const last = thread.events.at(-1)?.seq ?? 0;
  const only = incoming[0];
  if (only && incoming.length === 1 && only.seq > last) {
    return grown([...thread.events, only], foldEvent(thread.turns, only), thread.cursor);
  }
  const known = new Map(thread.events.map((e) => [e.seq, e]));
  for (const e of incoming) if (!known.has(e.seq)) known.set(e.seq, e);
  if (known.size === thread.events.length) return thread;
  const events = [...known.values()].sort((a, b) => a.seq - b.seq);
  return grown(events, events.reduce(foldEvent, []), thread.cursor);
}

function grown(events: readonly RunEvent[], turns: readonly Turn[], cursor: number): Thread {
  let at = cursor;
  // Events are sorted and unique: those up to the cursor are the first `cursor` of them.
  for (let e = events[at]; e?.seq === at + 1; e = events[at]) at++;
  return { events, turns, cursor: at };
}

// A thread runs one turn at a time: an event belongs to the run that started last.
function foldEvent(turns: readonly Turn[], e: RunEvent): readonly Turn[] {
  if (e.type === "RUN_STARTED") {
    // A worker that takes over a run whose worker died starts it again under its own id.
    if (turns.some((t) => t.runId === e.runId)) return turns;
    return [...turns, { runId: e.runId, parts: [], status: "running", suggestions: [] }];
  }
  const turn = turns.at(-1);
  if (!turn) return turns;
  const next = foldTurn(turn, e);
  return next === turn ? turns : [...turns.slice(0, -1), next];
}

function foldTurn(turn: Turn, e: RunEvent): Turn {
  switch (e.type) {
    case "TEXT_MESSAGE_START":
      return { ...turn, tool: undefined, parts: [...turn.parts, { type: "text", id: e.messageId, text: "", done: false, ...(e.name ? { from: e.name } : {}) }] };
    case "TEXT_MESSAGE_CONTENT":
      return { ...turn, parts: mapText(turn.parts, e.messageId, (p) => ({ ...p, text: p.text + e.delta })) };
    case "TEXT_MESSAGE_END":
      return { ...turn, parts: mapText(turn.parts, e.messageId, (p) => ({ ...p, done: true })) };
    case "TOOL_CALL_START":
      return { ...turn, tool: e.toolCallName };
    case "TOOL_CALL_RESULT":
      return { ...turn, tool: undefined };
    case "RUN_FINISHED":
      return { ...turn, status: turn.stopped ? "stopped" : "done", tool: undefined };
    case "RUN_ERROR":
      return { ...turn, status: "failed", error: e.message, tool: undefined };
    case "CUSTOM":
      return foldCustom(turn, e);
    default:
      return turn;
  }
}

function foldCustom(turn: Turn, e: RunEvent & { type: "CUSTOM" }): Turn {
  switch (e.name) {
    case "user_message":
      return { ...turn, user: e.value };
    case "card":
      // The banner tells of a ticket.
      return (e.value.kind as string) === "handoff" ? turn : { ...turn, parts: [...turn.parts, { type: "card", id: e.value.id, card: e.value }] };
    case "suggestions":
      return { ...turn, suggestions: e.value.items };
    case "question":
      return { ...turn, question: e.value };
    case "fallback":
      return { ...turn, degraded: true, parts: turn.parts.filter((p) => p.type !== "text" || p.id !== e.value.replaces) };
    case "handoff":
      return { ...turn, handoff: e.value };
    case "stopped":
      return { ...turn, stopped: true };
    default:
      return turn;
  }
}

function mapText(parts: Part[], id: string, f: (p: Part & { type: "text" }) => Part): Part[] {
  return parts.map((p) => (p.type === "text" && p.id === id ? f(p) : p));
}

/** The answer's words, for copying and reading out. */
export const answerText = (turn: Turn) =>
  turn.parts
    .flatMap((p) => (p.type === "text" ? [p.text.trim()] : []))
    .concat(turn.question ? [turn.question.question] : [])
    .filter((s, i, all) => s !== "" && all.indexOf(s) === i)
    .join("\n\n");
