import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromMicro, less, micro, sum } from "./decimal";

describe("amounts", () => {
  it("are summed to the last digit", () => {
    expect(sum("0.1", "0.2")).toBe("0.3");
    expect(sum("9007199254740993.123457", "0.000001")).toBe("9007199254740993.123458");
    expect(less("1", "1.000001")).toBe("-0.000001");
    expect(sum(3, "-5", "2")).toBe("0");
    expect(sum()).toBe("0");
  });

  it("are the same after a round trip", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (n) => micro(fromMicro(n)) === n));
  });
});
