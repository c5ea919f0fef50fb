import type { Figure, GroupBy, Span } from "./contract";

/** The metrics that count things; every other one is money in USDT. */
const counts = new Set(["trades", "traders", "totalReferrals", "newReferrals", "verified", "deposited", "firstTraders"]);
export const isMoney = (metric: string) => !counts.has(metric);

export const sign = (v: Figure): -1 | 0 | 1 => {
  const s = String(v);
  if (/^[+-]?0*(\.0*)?$/.test(s)) return 0;
  return s.startsWith("-") ? -1 : 1;
};

/** For drawing only: a float may drop digits that a label must keep. */
export const approx = (v: Figure | null | undefined) => (v == null ? 0 : Number(v));

// Intl takes a decimal string as it is, digit by digit; the library's types want a narrower string.
const exact = (v: Figure) => v as Intl.StringNumericLiteral | number;

const day = 86_400_000;

export function newFormat(locale: string) {
  const cache = new Map<string, Intl.NumberFormat>();
  const intl = (options: Intl.NumberFormatOptions) => {
    const key = JSON.stringify(options);
    let f = cache.get(key);
    if (!f) cache.set(key, (f = new Intl.NumberFormat(locale, options)));
    return f;
  };
  // A true minus is as wide as the plus that it stands under.
  const number = (options: Intl.NumberFormatOptions) => ({ format: (v: ReturnType<typeof exact>) => intl(options).format(v).replace("-", "\u2212") });
  const dates = new Map<string, Intl.DateTimeFormat>();
  const date = (zone: string, options: Intl.DateTimeFormatOptions) => {
    const key = zone + JSON.stringify(options);
    let f = dates.get(key);
    if (!f) dates.set(key, (f = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options })));
    return f;
  };
  const thisYear = (d: Date) => d.getUTCFullYear() === new Date().getUTCFullYear();
  const ymd = (d: Date): Intl.DateTimeFormatOptions => ({ day: "numeric", month: "short", ...(thisYear(d) ? {} : { year: "numeric" }) });

  const count = (v: Figure) => number({ maximumFractionDigits: 0 }).format(exact(v));

  /** Every digit the server sent, at least two decimals. */
  const money = (v: Figure) => number({ minimumFractionDigits: 2, maximumFractionDigits: 6 }).format(exact(v));

  /** For a headline: two decimals, none from a million on, all six where two would show nothing. */
  const moneyShort = (v: Figure) => {
    const n = Math.abs(approx(v));
    if (n >= 1e9) return number({ notation: "compact", maximumFractionDigits: 2 }).format(exact(v));
    if (n >= 1e6) return number({ maximumFractionDigits: 0 }).format(exact(v));
    if (n < 0.01 && sign(v) !== 0) return money(v);
    return number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(exact(v));
  };

  /** Where there is little room: millions in short, thousands without decimals. */
  const brief = (v: Figure) => {
    const n = Math.abs(approx(v));
    if (n >= 1e6) return number({ notation: "compact", maximumFractionDigits: 2 }).format(exact(v));
    return n >= 1000 ? count(v) : moneyShort(v);
  };
  const signed = (v: Figure, size: (v: Figure) => string) => `${sign(v) < 0 ? "\u2212" : sign(v) > 0 ? "+" : ""}${size(String(v).replace("-", ""))}`;

  return {
    locale,
    brief,
    signedBrief: (v: Figure) => signed(v, brief),
    count,
    money,
    moneyShort,
    /** Money split where the eye stops reading: what follows the second decimal is the fine part. */
    moneyParts: (v: Figure) => {
      const all = money(v);
      const fine = intl({ minimumFractionDigits: 2, maximumFractionDigits: 6 })
        .formatToParts(exact(v) as number)
        .find((p) => p.type === "fraction")?.value.slice(2) ?? "";
      return { main: fine ? all.slice(0, -fine.length) : all, fine };
    },
    figure: (metric: string, v: Figure) => (isMoney(metric) ? money(v) : count(v)),
    figureShort: (metric: string, v: Figure) => (isMoney(metric) ? moneyShort(v) : count(v)),
    signedFigure: (metric: string, v: Figure) =>
      number({
        signDisplay: "exceptZero",
        ...(isMoney(metric) ? { minimumFractionDigits: 2, maximumFractionDigits: 6 } : { maximumFractionDigits: 0 }),
      }).format(exact(v)),
    /** Short, and with its sign. */
    signedShort: (metric: string, v: Figure) => signed(v, isMoney(metric) ? moneyShort : count),
    /** A fraction that comes as "0.45", in percent. */
    rate: (v: Figure) => number({ style: "percent", maximumFractionDigits: 4 }).format(exact(v)),
    /** A percentage that comes as "-12.5". */
    percent: (v: Figure) => number({ style: "unit", unit: "percent", maximumFractionDigits: 1 }).format(exact(v)),
    signedPercent: (v: Figure) => number({ style: "unit", unit: "percent", signDisplay: "exceptZero", maximumFractionDigits: 1 }).format(exact(v)),
    bytes: (n: number) => (n < 1e6 ? number({ style: "unit", unit: "kilobyte", maximumFractionDigits: 0 }).format(n / 1e3) : number({ style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(n / 1e6)),
    /** For an axis. */
    compact: (v: number) => number({ notation: "compact", maximumFractionDigits: 1 }).format(v),

    /** The last instant of a half-open span is the one before `to`. */
    range: ({ from, to }: Span, zone: string) => {
      const a = new Date(from);
      const b = new Date(Date.parse(to) - 1);
      const whole = (Date.parse(to) - Date.parse(from)) % (day / 24) === 0 && startsDay(a, zone) && startsDay(new Date(to), zone);
      const options = { ...ymd(a), ...ymd(b) };
      return date(zone, whole ? options : { ...options, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).formatRange(a, whole ? b : new Date(to));
    },
    /** The same in whole days. */
    days: ({ from, to }: Span, zone: string) => {
      const a = new Date(from);
      const b = new Date(Date.parse(to) - 1);
      return date(zone, { ...ymd(a), ...ymd(b) }).formatRange(a, b);
    },
    instant: (at: string, zone: string) => date(zone, { ...ymd(new Date(at)), hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at)),
    /** Without the hour where a day begins. */
    moment: (at: string, zone: string) => date(zone, { ...ymd(new Date(at)), ...(startsDay(new Date(at), zone) ? {} : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) }).format(new Date(at)),
    /** To the second, with the year. */
    stamp: (at: string, zone: string) => date(zone, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(at)),
    date: (at: string, zone: string) => date(zone, { day: "numeric", month: "short", year: "numeric" }).format(new Date(at)),
    /** Without the year where it is this one. */
    shortDate: (at: string, zone: string) => date(zone, ymd(new Date(at))).format(new Date(at)),
    /** The key of a time bucket: a date, or RFC 3339 of an hour. */
    bucket: (key: string, by: GroupBy, zone: string, long = false) => {
      if (by === "hour") return date(zone, long ? { ...ymd(new Date(key)), hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(key));
      const d = new Date(`${key.slice(0, 10)}T00:00:00Z`);
      if (by === "month") return date("UTC", { month: "short", year: "numeric" }).format(d);
      if (by === "day" && long) return date("UTC", { weekday: "short", ...ymd(d) }).format(d);
      return date("UTC", { day: "numeric", month: "short" }).format(d);
    },
    weekday: (key: string) => {
      const d = new Date(`${key.slice(0, 10)}T00:00:00Z`);
      return `${date("UTC", { weekday: "short" }).format(d)} ${d.getUTCDate()}`;
    },
    /** "Monday" in the locale's words. */
    weekdayName: (name: string, short = false) => {
      const i = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].indexOf(name);
      return i < 0 ? name : date("UTC", { weekday: short ? "short" : "long" }).format(new Date(Date.UTC(2024, 0, 1 + i))); // 1 January 2024 was a Monday
    },
    relativeDay: (at: string) => {
      const d = new Date(at);
      const days = Math.round((new Date(d).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / day);
      if (days === 0) return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(d);
      if (days > -7) return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
      return new Intl.DateTimeFormat(locale, ymd(d)).format(d);
    },
    country: (code: string) => {
      if (!/^[A-Z]{2}$/.test(code)) return code;
      return new Intl.DisplayNames(locale, { type: "region", fallback: "code" }).of(code) ?? code;
    },
  };
}

export type Format = ReturnType<typeof newFormat>;

const clock = new Map<string, Intl.DateTimeFormat>();

function startsDay(at: Date, zone: string): boolean {
  let f = clock.get(zone);
  if (!f) clock.set(zone, (f = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })));
  return f.format(at) === "00:00:00";
}
