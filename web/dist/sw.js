// Shows notices that come while the app is closed (Web Push). It keeps nothing and answers no requests.
/* global self, navigator */

const words = {
  en: {
    title: "Partner Hub",
    task_created: (d) => `New task: ${d.title}`,
    task_reward: (d) => `${d.amount} USDT earned in ${d.title}`,
    task_settled: (d) => `Task settled: ${d.title}`,
    task_cancelled: (d) => `Task cancelled: ${d.title}`,
    task_changed: (d) => `Task changed: ${d.title}`,
    task_nudge: (d) => `Reminder: ${d.title}`,
    task_review: (d) => `A paid reward needs review: ${d.title}`,
    ticket: () => "There is news about your ticket",
    anomaly: () => "Something unusual happened in your figures",
    settlement: (d) => `${d.amount} USDT of commission settled`,
    other: () => "You have a new notice",
  },
  vi: {
    title: "Partner Hub",
    task_created: (d) => `Nhiệm vụ mới: ${d.title}`,
    task_reward: (d) => `Nhận ${d.amount} USDT trong nhiệm vụ ${d.title}`,
    task_settled: (d) => `Nhiệm vụ đã quyết toán: ${d.title}`,
    task_cancelled: (d) => `Nhiệm vụ đã hủy: ${d.title}`,
    task_changed: (d) => `Nhiệm vụ đã thay đổi: ${d.title}`,
    task_nudge: (d) => `Nhắc nhở: ${d.title}`,
    task_review: (d) => `Cần xem lại phần thưởng đã trả: ${d.title}`,
    ticket: () => "Có tin mới về yêu cầu của bạn",
    anomaly: () => "Có điều bất thường trong số liệu của bạn",
    settlement: (d) => `Đã quyết toán ${d.amount} USDT hoa hồng`,
    other: () => "Bạn có thông báo mới",
  },
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));

self.addEventListener("push", (e) => {
  let n = {};
  try {
    n = e.data.json();
  } catch {
    // Shown all the same: a browser takes the permission from an app that stays silent.
  }
  const t = words[navigator.language.slice(0, 2)] ?? words.en;
  const say = n.data && Object.hasOwn(t, n.kind) ? t[n.kind] : t.other;
  e.waitUntil(
    self.registration.showNotification(t.title, { body: say(n.data ?? {}), tag: `notice-${n.id ?? ""}`, icon: "/icon.svg", data: { link: n.link || "/" } }),
  );
});

self.addEventListener("notificationclick", (e) => {
  e.notification.close();
  const url = new URL(e.notification.data?.link ?? "/", self.location.origin);
  if (url.origin !== self.location.origin) return;
  e.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: "window" });
      if (open[0]) {
        await open[0].focus();
        return open[0].navigate(url.href);
      }
      return self.clients.openWindow(url.href);
    })(),
  );
});
