import { describe, expect, it } from "vitest";
import { customDays, customPeriod, grain, parsePeriod, presets, today } from "./period";

describe("periods", () => {
  it("takes presets and half-open ranges, nothing else", () => {
    expect(parsePeriod("this_week")).toBe("this_week");
    expect(parsePeriod("2026-11-01..2026-11-15")).toBe("2026-11-01..2026-11-15");
    for (const bad of ["", "soon", "2026-11-15..2026-11-01", "2026-11-01..2026-11-01", "2026-13-01..2026-14-01", 7, undefined, null]) {
      expect(parsePeriod(bad)).toBeUndefined();
    }
  });
  it("shows and takes both ends included", () => {
    expect(customDays("2026-02-27..2026-03-01")).toEqual({ first: "2026-02-27", last: "2026-02-28" });
    expect(customPeriod("2026-02-27", "2026-02-28")).toBe("2026-02-27..2026-03-01");
  });
  it("knows the zone's day", () => {
    expect(today("Asia/Ho_Chi_Minh", new Date("2026-11-20T18:00:00Z"))).toBe("2026-11-21");
  });
  it("cuts longer periods coarser", () => {
    expect(grain("today")).toBe("hour");
    expect(grain("last_30_days")).toBe("day");
    expect(grain("2026-01-01..2026-11-01")).toBe("week");
    expect(grain("2020-01-01..2026-01-01")).toBe("month");
  });
  it("gives each preset a key of its own", () => {
    const keys = presets.map((p) => p.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
