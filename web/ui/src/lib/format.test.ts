import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newFormat, sign } from "./format";

const en = newFormat("en");
const vi = newFormat("vi");

describe("money", () => {
  it("keeps every digit, also those a float would drop", () => {
    expect(en.money("9007199254740993.123457")).toBe("9,007,199,254,740,993.123457");
    expect(vi.money("9007199254740993.123457")).toBe("9.007.199.254.740.993,123457");
    expect(en.money("12.3")).toBe("12.30");
    expect(en.money("-0.000001")).toBe("−0.000001");
  });

  it("gives back any amount of up to 128 bits", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n }), (micro) => {
        const neg = micro < 0n;
        const abs = neg ? -micro : micro;
        const s = `${neg ? "-" : ""}${abs / 1_000_000n}.${String(abs % 1_000_000n).padStart(6, "0")}`;
        const shown = en.money(s).replaceAll(",", "").replace(".", "").replace("−", "-");
        const digits = en.money(s).split(".")[1] ?? "";
        expect(BigInt(shown) * 10n ** BigInt(6 - digits.length)).toBe(micro);
      }),
    );
  });

  it("splits off the fine part without losing it", () => {
    expect(en.moneyParts("1284.537912")).toEqual({ main: "1,284.53", fine: "7912" });
    expect(en.moneyParts("5")).toEqual({ main: "5.00", fine: "" });
    expect(vi.moneyParts("1284.5379")).toEqual({ main: "1.284,53", fine: "79" });
  });

  it("never shows nothing for something", () => {
    expect(en.moneyShort("0.004")).toBe("0.004");
    expect(en.moneyShort("0")).toBe("0.00");
    expect(en.moneyShort("1234567.89")).toBe("1,234,568");
  });
});

describe("sign", () => {
  it.each([["0", 0], ["-0.000000", 0], [0, 0], ["-0.1", -1], ["0.000001", 1], [-3, -1]] as const)("%s is %i", (v, s) => {
    expect(sign(v)).toBe(s);
  });
});

describe("dates", () => {
  it("shows the last day of a half-open range, in the reporting zone", () => {
    const span = { from: "2025-11-16T17:00:00Z", to: "2025-11-23T17:00:00Z" };
    expect(en.range(span, "Asia/Ho_Chi_Minh")).toMatch(/^Nov 17\s–\s23, 2025$/);
  });
  it("shows the time where a range ends within a day", () => {
    expect(en.range({ from: "2025-11-10T00:00:00Z", to: "2025-11-15T14:30:00Z" }, "UTC")).toContain("14:30");
  });
  it("reads a bucket's key as a date of the zone, not of this browser", () => {
    expect(en.bucket("2025-11-16", "day", "UTC")).toBe("Nov 16");
    expect(en.bucket("2025-11-16T05:00:00+07:00", "hour", "Asia/Ho_Chi_Minh")).toBe("05:00");
  });
});

describe("changes", () => {
  it("have a sign, and a minus as wide as a plus", () => {
    expect(en.signedShort("commission", "-1160.058779")).toBe("−1,160.06");
    expect(en.signedShort("trades", 12)).toBe("+12");
    expect(en.signedShort("commission", "0")).toBe("0.00");
    expect(en.signedBrief("10539065.305611")).toBe("+10.54M");
    expect(en.percent("-7.13")).toBe("−7.1%");
    expect(en.rate("0.000514")).toBe("0.0514%");
    expect(vi.weekdayName("Sunday")).toBe("Chủ Nhật");
  });
});
