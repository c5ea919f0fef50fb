// Figures of a made-up partner, the same for the same question.

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const counts = new Set(["trades", "traders", "totalReferrals", "newReferrals", "verified", "deposited", "firstTraders"]);
const size = { commission: 61.284537, volume: 184_211.5, fees: 97.12, traders: 38, newReferrals: 6, trades: 211, deposits: 9_120.55, totalReferrals: 412 };

export const people = [
  { uid: 10001, role: "partner", name: "Linh Tran", note: "Partner with 412 referees and two sub-partners" },
  { uid: 10002, role: "partner", name: "Mateo Silva", note: "Sub-partner of Linh Tran" },
  { uid: 10003, role: "partner", name: "Ana Novak", note: "Enrolled today, no referees yet" },
  { uid: 90001, role: "bd", name: "Bo Larsen", note: "Looks after Linh Tran" },
  { uid: 90002, role: "content", name: "Chiara Conti", note: "Keeps the rule library" },
  { uid: 90003, role: "operator", name: "Omar Haddad", note: "Runs the hub" },
];

function noise(seed) {
  let h = 2166136261;
  for (const c of seed) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
}

const micro = (n) => Math.round(n * 1e6);
function figure(metric, n) {
  if (counts.has(metric)) return n;
  const abs = Math.abs(n);
  const s = `${Math.floor(abs / 1e6)}.${String(abs % 1e6).padStart(6, "0")}`.replace(/\.?0+$/, "");
  return n < 0 ? `-${s}` : s;
}

function at(metric, ms, step, share = 1) {
  const weekend = [0, 6].includes(new Date(ms).getUTCDay()) ? 0.6 : 1;
  const base = (size[metric] ?? 10) * weekend * (0.6 + 0.8 * noise(metric + ms)) * share * (step / dayMs);
  if (metric === "totalReferrals") return size.totalReferrals;
  return counts.has(metric) ? Math.round(base) : micro(base);
}

const iso = (ms) => new Date(ms).toISOString().replace(".000", "");
const startOfDay = (ms) => Math.floor(ms / dayMs) * dayMs;

export function period(text, now = Date.now()) {
  const today = startOfDay(now);
  const weekday = (new Date(today).getUTCDay() + 6) % 7;
  const d = new Date(today);
  const month = (n) => Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + n, 1);
  const monday = today - weekday * dayMs;
  const fixed = {
    today: [today, today + dayMs],
    yesterday: [today - dayMs, today],
    this_week: [monday, monday + 7 * dayMs],
    last_week: [monday - 7 * dayMs, monday],
    this_month: [month(0), month(1)],
    last_month: [month(-1), month(0)],
  }[text];
  if (fixed) return fixed;
  const rolling = /^last_(\d+)_days$/.exec(text);
  if (rolling) return [today - (rolling[1] - 1) * dayMs, today + dayMs];
  const custom = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(text);
  return custom && [Date.parse(custom[1]), Date.parse(custom[2])];
}

function buckets([from, to], by) {
  const step = by === "hour" ? hourMs : by === "week" ? 7 * dayMs : dayMs;
  const out = [];
  for (let t = from; t < to; t += step) out.push({ t, step, key: by === "hour" ? iso(t) : iso(t).slice(0, 10) });
  return out;
}

const sum = (metric, [from, to], until, share) => {
  if (metric === "totalReferrals") return share === 0 ? 0 : size.totalReferrals;
  let n = 0;
  for (let t = from; t < Math.min(to, until); t += hourMs) n += at(metric, t, hourMs, share);
  return counts.has(metric) ? Math.round(n / 3) : n;
};

const changes = (metric, current, previous, whole) => ({
  current: figure(metric, current),
  previous: figure(metric, previous),
  delta: figure(metric, current - previous),
  percent: previous === 0 ? null : String(Math.round(((current - previous) / previous) * 1000) / 10),
  ...(whole === undefined ? {} : { whole: figure(metric, whole) }),
});

export function metrics({ metrics, period: text, groupBy, compare, share = 1 }) {
  const now = Date.now();
  const p = period(text, now);
  const earlier = [p[0] - (p[1] - p[0]), p[0]];
  const toDate = p[1] > now;
  const span = { from: iso(p[0]), to: iso(p[1]), asOf: iso(Math.floor(now / 1000) * 1000), zone: "UTC", metrics, ...(groupBy ? { groupBy } : {}), filters: {} };
  const elapsed = Math.min(now, p[1]) - p[0];
  const cut = earlier[0] + elapsed;
  const products = ["futures", "spot", "margin"];
  const parts = { futures: 0.62, spot: 0.29, margin: 0.09 };
  const rowsOf = (f) => (groupBy === "product" ? products.map((key) => f({ key, range: p, before: earlier, share: share * parts[key] })) : buckets(p, groupBy ?? "").map(({ t, step, key }, i) => f({ key, range: [t, t + step], before: [earlier[0] + i * step, earlier[0] + (i + 1) * step], share })));
  if (!compare) {
    return {
      ...span,
      rows: groupBy ? rowsOf(({ key, range, share }) => ({ key, ...Object.fromEntries(metrics.map((m) => [m, figure(m, sum(m, range, now, share))])) })) : [{ key: "", ...Object.fromEntries(metrics.map((m) => [m, figure(m, sum(m, p, now, share))])) }],
      total: Object.fromEntries(metrics.map((m) => [m, figure(m, sum(m, p, now, share))])),
    };
  }
  const compared = (m, range, before, s) => changes(m, sum(m, range, now, s), sum(m, before, cut, s), toDate ? sum(m, before, Infinity, s) : undefined);
  return {
    ...span,
    compareTo: { from: iso(earlier[0]), to: iso(toDate ? Math.floor(cut / 1000) * 1000 : earlier[1]) },
    toDate,
    rows: groupBy ? rowsOf(({ key, range, before, share }) => ({ key, previousKey: groupBy === "product" ? undefined : iso(before[0]).slice(0, 10), ...Object.fromEntries(metrics.map((m) => [m, compared(m, range, before, share)])) })) : [],
    total: Object.fromEntries(metrics.map((m) => [m, compared(m, p, earlier, share)])),
  };
}

const span = (text) => {
  const [from, to] = period(text);
  return { from: iso(from), to: iso(to), asOf: iso(Math.floor(Date.now() / 1000) * 1000), zone: "UTC", filters: {} };
};

export function leaderboard(limit = 5) {
  const values = [412.551, 208.12, 97.400021, 55.1, 31.08, 20, 11.5, 9.1, 4, 1].slice(0, limit).map(micro);
  const total = micro(1018.4);
  return {
    ...span("this_month"),
    metric: "commission",
    by: "referee",
    rows: values.map((v, i) => ({ key: String(20011 + 17 * i), rank: i + 1, commission: figure("commission", v), share: String(Math.round((v / total) * 1000) / 10) })),
    total: { commission: figure("commission", total) },
  };
}

const referee = (i) => ({
  key: String(20011 + 17 * i),
  relation: i % 3 ? "direct" : "indirect",
  ...(i % 3 ? {} : { subPartnerUid: 10002 }),
  code: i % 2 ? "LINH-TG" : "LINH10",
  country: ["VN", "BR", "unknown", "DE", "JP"][i % 5],
  registeredAt: iso(Date.now() - (i * 3 + 1) * dayMs),
  kyc: ["advanced", "basic", "none"][i % 3],
  ...(i % 4 === 3 ? {} : { firstDepositAt: iso(Date.now() - i * dayMs - hourMs), firstTradeAt: iso(Date.now() - i * dayMs), lastTradeAt: iso(Date.now() - i * hourMs) }),
  activity: ["active", "active", "dormant", "inactive"][i % 4],
  partner: i === 2,
  spotVip: 0,
  futuresVip: i % 2,
  spotRebateRate: "0.1",
  futuresRebateRate: "0.05",
  ...(i === 1 ? { note: "met at the Hanoi meetup, prefers Telegram" } : {}),
  commission: figure("commission", micro(97.400021 / (i + 1))),
  volume: figure("volume", micro(48_211.5 / (i + 1))),
});

export const referees = () => ({ ...span("this_month"), sort: "registeredAt", order: "desc", rows: [...Array(8).keys()].map(referee), total: 123, nextCursor: "x" });

export const refereeDetail = () => ({
  ...span("this_month"),
  rows: [{ ...referee(1), eligibleVolume: "22010.5", fees: "48.2", trades: 118, deposits: "3000", withdrawals: "120.5", sharedCommission: "4.82" }],
  total: 1,
  byProduct: [
    { key: "futures", commission: "31.2", volume: "18000", trades: 90 },
    { key: "spot", commission: "14.100011", volume: "5210.5", trades: 25 },
    { key: "margin", commission: "3.4", volume: "900", trades: 3 },
  ],
});
