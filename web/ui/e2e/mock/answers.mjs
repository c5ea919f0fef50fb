import { leaderboard, metrics, refereeDetail, referees } from "./data.mjs";

// What is answered to a message: a list of steps, each an event without seq, or a pause in milliseconds.

let made = 0;
const id = (kind) => `${kind}-${++made}`;

function say(text) {
  const messageId = id("message");
  const words = text.split(/(?<= )/);
  return [
    { type: "TEXT_MESSAGE_START", messageId, role: "assistant" },
    ...words.flatMap((delta) => [{ type: "TEXT_MESSAGE_CONTENT", messageId, delta }, 12]),
    { type: "TEXT_MESSAGE_END", messageId },
  ];
}

function call(tool, args, kind, title, data) {
  const toolCallId = id("call");
  return [
    { type: "TOOL_CALL_START", toolCallId, toolCallName: tool, parentMessageId: id("message") },
    { type: "TOOL_CALL_ARGS", toolCallId, delta: JSON.stringify(args) },
    { type: "TOOL_CALL_END", toolCallId },
    150,
    { type: "TOOL_CALL_RESULT", messageId: id("result"), toolCallId, role: "tool", content: JSON.stringify(data) },
    { type: "CUSTOM", name: "card", value: { id: toolCallId, kind, title, tool, toolCallId, args, data } },
  ];
}

const suggest = (...items) => [{ type: "CUSTOM", name: "suggestions", value: { items } }];
const step = (...events) => [{ type: "STEP_STARTED", stepName: "model" }, ...events.flat(), { type: "STEP_FINISHED", stepName: "model" }];

export function answer(text) {
  const said = text.toLowerCase();
  if (/compare/.test(said)) {
    const data = metrics({ metrics: ["commission"], period: "this_week", compare: true });
    const c = data.total.commission;
    return step(
      call("compare_metrics", { metrics: ["commission"], period: "this_week" }, "comparison", "Commission, this week vs last week", data),
      say(`Your commission this week is **${c.current} USDT**, against ${c.previous} USDT in the same part of last week.\n\n1. Futures brought most of the change.\n2. Two more referees traded than a week ago.`),
      suggest("and futures only?", "Who contributed the most?"),
    );
  }
  if (/top|contributed|ranking/.test(said)) {
    return step(call("leaderboard", { metric: "commission", by: "referee", period: "this_month" }, "leaderboard", "Top referees by commission, this month", leaderboard(5)), say("UID 20011 brought the most: 412.551 USDT, 40.5 % of the month."), suggest("show 20", "only direct"));
  }
  if (/uid|detail/.test(said)) {
    return step(call("get_referee", { uid: 20028 }, "referee", "Referee 20028", refereeDetail()), say("UID 20028 is active and traded most in futures."), suggest("and last month?"));
  }
  if (/referees|newest/.test(said)) {
    return step(call("list_referees", { sort: "registeredAt" }, "referees", "Referees", referees()), say("These are your newest referees."), suggest("only verified ones"));
  }
  if (/product/.test(said)) {
    return step(call("query_metrics", { metrics: ["commission"], period: "this_week", groupBy: "product" }, "metrics", "Commission by product, this week", metrics({ metrics: ["commission"], period: "this_week", groupBy: "product" })), say("Most of it came from futures."), suggest("only direct"));
  }
  if (/my data|deposit|^today$|^this week$|^this month$/.test(said)) {
    if (/my data|deposit/.test(said)) {
      const question = "Deposits of which period?";
      return step(say(question), [{ type: "CUSTOM", name: "question", value: { question, options: ["Today", "This week", "This month"] } }]);
    }
    return step(call("query_metrics", { metrics: ["deposits", "volume", "newReferrals"], period: "this_week" }, "metrics", "Deposits, trading volume, new referrals, this week", metrics({ metrics: ["deposits", "volume", "newReferrals"], period: "this_week" })), say("Deposits are in line with your usual week."), suggest("compare with last week"));
  }
  if (/fail/.test(said)) return [{ type: "RUN_ERROR", message: "The model did not answer.", code: "unavailable" }];
  if (/long/.test(said)) return step(say("A long answer. ".repeat(120) + "The end."));
  if (/markdown/.test(said)) {
    return step(say('# Heading\n\nA [link](https://example.com) and a [bad one](javascript:alert(1)) <img src=x onerror="document.title=1"> `code`\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n> quote'));
  }
  const data = metrics({ metrics: ["commission"], period: "this_week", groupBy: "day" });
  return step(
    call("query_metrics", { metrics: ["commission"], period: "this_week", groupBy: "day" }, "metrics", "Commission by day, this week", data),
    say(`You have earned **${data.total.commission} USDT** this week so far.`),
    suggest("How does it compare to last week?", "and futures only?"),
  );
}
