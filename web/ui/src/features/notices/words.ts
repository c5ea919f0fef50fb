import type { Format } from "../../lib/format";
import type { Locale } from "../../lib/i18n";
import type { Notice } from "./live";

// What notices say. It is apart from the app's words, since it comes with the panel.

interface Facts {
  /** The task's title, or a ticket's id. */
  title: string;
  amount: string;
  uid: string;
  from: string;
  day: string;
  end: string;
  paid: string;
  refunded: string;
  ticket: string;
  state: string;
  text: string;
  anomaly: string;
  whom: string;
  expected: string;
  seen: string;
  since: string;
  mine: boolean;
}

type Say = (x: Facts) => { title: string; text: string };

const join = (...parts: (string | false)[]) => parts.filter(Boolean).join(" · ");

const anomalies = {
  en: { volume_drop: "Trading volume dropped", volume_spike: "Trading volume jumped", silent_trader: "A large trader went silent", deposit_spike: "Unusual deposits", withdrawal_spike: "Unusual withdrawals" },
  vi: { volume_drop: "Khối lượng giao dịch giảm mạnh", volume_spike: "Khối lượng giao dịch tăng vọt", silent_trader: "Một nhà giao dịch lớn ngừng giao dịch", deposit_spike: "Nạp tiền bất thường", withdrawal_spike: "Rút tiền bất thường" },
} satisfies Record<Locale, Record<string, string>>;

const tickets = {
  en: { open: "is waiting for an answer", waiting: "is waiting for an answer", claimed: "is being worked on", assigned: "is being worked on", resolved: "is resolved", reopened: "is open again" },
  vi: { open: "đang chờ trả lời", waiting: "đang chờ trả lời", claimed: "đang được xử lý", assigned: "đang được xử lý", resolved: "đã được giải quyết", reopened: "đã được mở lại" },
} satisfies Record<Locale, Record<string, string>>;

const kinds = {
  en: {
    task_created: (x) => ({ title: `New task: ${x.title}`, text: join(x.from && `From UID ${x.from}`, x.end && `ends ${x.end}`) }),
    task_reward: (x) => (x.mine ? { title: `You earned ${x.amount} USDT`, text: `For the task ${x.title}` } : { title: `UID ${x.uid} earned ${x.amount} USDT`, text: `In your task ${x.title}` }),
    task_settled: (x) => ({ title: `Task settled: ${x.title}`, text: join(x.paid && `${x.paid} USDT paid`, x.refunded && `${x.refunded} USDT back in your account`) }),
    task_cancelled: (x) => ({ title: `Task cancelled: ${x.title}`, text: join(x.paid && `${x.paid} USDT paid`, x.refunded && `${x.refunded} USDT back in your account`) }),
    task_changed: (x) => ({ title: `Task changed: ${x.title}`, text: x.end && `It now ends ${x.end}` }),
    task_nudge: (x) => ({ title: `Reminder: ${x.title}`, text: join(x.from && `From UID ${x.from}`, x.end && `ends ${x.end}`) }),
    task_review: (x) => ({ title: `A paid reward needs review: ${x.title}`, text: `Trades of UID ${x.uid} were reversed after ${x.amount} USDT had been paid` }),
    ticket: (x) => ({ title: x.ticket ? `Ticket ${x.ticket} ${x.state}` : `Your ticket ${x.state}`, text: x.text }),
    anomaly: (x) => ({ title: x.anomaly, text: join(x.whom, x.seen && x.expected && `${x.seen} seen, ${x.expected} expected`, x.since && `since ${x.since}`) }),
    settlement: (x) => ({ title: `${x.amount} USDT settled`, text: `Commission, settled ${x.day}` }),
  },
  vi: {
    task_created: (x) => ({ title: `Nhiệm vụ mới: ${x.title}`, text: join(x.from && `Từ UID ${x.from}`, x.end && `kết thúc ${x.end}`) }),
    task_reward: (x) => (x.mine ? { title: `Bạn nhận được ${x.amount} USDT`, text: `Cho nhiệm vụ ${x.title}` } : { title: `UID ${x.uid} nhận được ${x.amount} USDT`, text: `Trong nhiệm vụ ${x.title} của bạn` }),
    task_settled: (x) => ({ title: `Nhiệm vụ đã quyết toán: ${x.title}`, text: join(x.paid && `đã trả ${x.paid} USDT`, x.refunded && `${x.refunded} USDT về tài khoản của bạn`) }),
    task_cancelled: (x) => ({ title: `Nhiệm vụ đã hủy: ${x.title}`, text: join(x.paid && `đã trả ${x.paid} USDT`, x.refunded && `${x.refunded} USDT về tài khoản của bạn`) }),
    task_changed: (x) => ({ title: `Nhiệm vụ đã thay đổi: ${x.title}`, text: x.end && `Nay kết thúc ${x.end}` }),
    task_nudge: (x) => ({ title: `Nhắc nhở: ${x.title}`, text: join(x.from && `Từ UID ${x.from}`, x.end && `kết thúc ${x.end}`) }),
    task_review: (x) => ({ title: `Cần xem lại phần thưởng đã trả: ${x.title}`, text: `Giao dịch của UID ${x.uid} bị đảo sau khi đã trả ${x.amount} USDT` }),
    ticket: (x) => ({ title: x.ticket ? `Yêu cầu ${x.ticket} ${x.state}` : `Yêu cầu của bạn ${x.state}`, text: x.text }),
    anomaly: (x) => ({ title: x.anomaly, text: join(x.whom, x.seen && x.expected && `thực tế ${x.seen}, dự kiến ${x.expected}`, x.since && `từ ${x.since}`) }),
    settlement: (x) => ({ title: `Đã quyết toán ${x.amount} USDT`, text: `Hoa hồng, quyết toán ngày ${x.day}` }),
  },
} satisfies Record<Locale, Record<string, Say>>;

const whom = {
  en: { uid: (v: string) => `Referee ${v}`, sub: (v: string) => `Sub-partner ${v}`, direct: "Direct referees", indirect: "Indirect referees" },
  vi: { uid: (v: string) => `Người được giới thiệu ${v}`, sub: (v: string) => `Đối tác cấp dưới ${v}`, direct: "Giới thiệu trực tiếp", indirect: "Giới thiệu gián tiếp" },
} satisfies Record<Locale, unknown>;

const text = (v: unknown) => (typeof v === "string" || typeof v === "number" ? String(v) : "");

/** A notice in words; one of a kind that is not known says its own title. */
export function sayNotice(n: Notice, uid: number, locale: Locale, f: Format, zone: string): { title: string; text: string } {
  const d = n.data;
  const money = (v: unknown) => (/^-?\d+(\.\d+)?$/.test(text(v)) ? f.money(text(v)) : text(v));
  const at = (v: unknown) => (Number.isNaN(Date.parse(text(v))) ? text(v) : f.moment(text(v), zone));
  const of = whom[locale];
  const facts: Facts = {
    title: text(d.title) || text(d.taskId),
    amount: money(d.amount),
    uid: text(d.uid),
    from: text(d.from),
    day: text(d.day) && f.bucket(text(d.day), "day", zone),
    end: at(d.end),
    paid: money(d.paid),
    refunded: money(d.refunded),
    ticket: text(d.number),
    state: (tickets[locale] as Record<string, string>)[text(d.state)] ?? text(d.state),
    text: text(d.text),
    anomaly: (anomalies[locale] as Record<string, string>)[text(d.anomaly)] ?? text(d.anomaly),
    whom: d.uid ? of.uid(text(d.uid)) : d.subPartnerUid ? of.sub(text(d.subPartnerUid)) : d.relation === "direct" ? of.direct : d.relation === "indirect" ? of.indirect : "",
    expected: money(d.expected),
    seen: money(d.seen),
    since: at(d.since),
    mine: text(d.uid) === String(uid),
  };
  const say = (kinds[locale] as Record<string, Say>)[n.kind];
  return say ? say(facts) : { title: facts.title || n.kind, text: facts.text };
}
