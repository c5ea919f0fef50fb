import { describe, expect, it } from "vitest";
import { phrase, showReferee, traceReferee, traceTrade } from "./phrase";

describe("a call in words", () => {
  it.each([
    [traceTrade("100-a"), "Trace trade 100-a"],
    [traceReferee(226880, "last_30_days"), "Trace the commission of UID 226880 last 30 days"],
    [traceReferee("226880", "2026-10-01..2026-10-26"), "Trace the commission of UID 226880 2026-10-01..2026-10-26"],
    [showReferee(226880), "Show the details of UID 226880"],
    [{ tool: "query_metrics", args: { metrics: ["volume"], uid: 226880, groupBy: "day", period: "this_month" } }, "Trading volume of UID 226880 by day, this month"],
    [{ tool: "query_metrics", args: { metrics: ["volume"], subPartnerUid: 10003, groupBy: "day", period: "this_month" } }, "Trading volume by day, sub-partner 10003, this month"],
    [{ tool: "compare_metrics", args: { metrics: ["commission"], groupBy: "referee", country: "IN", product: "spot", period: "this_month" } }, "Compare commission by referee, country IN, product spot, this month"],
    [{ tool: "compare_metrics", args: { metrics: ["fees"], groupBy: "referee", relation: "direct", period: "this_month", compareTo: "2026-09-01..2026-09-08" } }, "Compare fees paid by referee, direct referees, this month with 2026-09-01..2026-09-08"],
    [{ tool: "leaderboard", args: { metric: "commission", period: "this_week" } }, "Top 10 referees by commission, this week"],
  ])("%j", (call, want) => expect(phrase(call)).toBe(want));

  it("has no words for what cannot be asked", () => {
    expect(phrase({ tool: "compare_metrics", args: { metrics: ["commission"], country: "unknown" } })).toBeUndefined();
    expect(phrase({ tool: "propose_task", args: {} })).toBeUndefined();
  });
});
