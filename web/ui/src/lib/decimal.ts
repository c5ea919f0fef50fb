import type { Figure } from "./contract";

// Amounts are exact in micro-USDT; a float would lose their last digits in a sum.

/** Millionths, of a decimal with at most six digits after the point. */
export function micro(v: Figure): bigint {
  const [, minus, whole = "", part = ""] = /^([-+]?)(\d*)(?:\.(\d*))?$/.exec(String(v)) ?? [];
  const n = BigInt(whole || "0") * 1_000_000n + BigInt(part.slice(0, 6).padEnd(6, "0"));
  return minus === "-" ? -n : n;
}

export function fromMicro(n: bigint): string {
  const size = n < 0n ? -n : n;
  const part = String(size % 1_000_000n).padStart(6, "0").replace(/0+$/, "");
  return `${n < 0n ? "-" : ""}${size / 1_000_000n}${part ? `.${part}` : ""}`;
}

/** The exact sum, as a decimal string. */
export const sum = (...all: Figure[]): string => fromMicro(all.reduce<bigint>((s, v) => s + micro(v), 0n));

/** a − b, exact. */
export const less = (a: Figure, b: Figure): string => fromMicro(micro(a) - micro(b));
