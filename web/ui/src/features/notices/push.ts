import { api } from "../../lib/api";

// Web Push: notices that reach this browser while the app is closed. The browser keeps the subscription; whose it is, we note.

const owner = "partnerhub.push";

export type PushState = "unsupported" | "denied" | "off" | "on";

const supported = () => isSecureContext && "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;

async function current(): Promise<PushSubscription | null> {
  const worker = await navigator.serviceWorker.getRegistration();
  return (await worker?.pushManager.getSubscription()) ?? null;
}

export async function pushState(uid: number): Promise<PushState> {
  if (!supported()) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  const s = await current();
  if (s && localStorage.getItem(owner) !== String(uid)) {
    await s.unsubscribe(); // of somebody who was here before
    return "off";
  }
  return s ? "on" : "off";
}

export async function turnOn(uid: number): Promise<PushState> {
  if ((await Notification.requestPermission()) !== "granted") return pushState(uid);
  const { publicKey } = await api.get<{ publicKey: string }>("/v1/push/key");
  await navigator.serviceWorker.register("/sw.js");
  const worker = await navigator.serviceWorker.ready;
  const s = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
  try {
    await api.post("/v1/push/subscriptions", s.toJSON());
  } catch (e) {
    await s.unsubscribe();
    throw e;
  }
  localStorage.setItem(owner, String(uid));
  return "on";
}

/** Also at sign-out: the next person at this browser must not get them. */
export async function turnOff(): Promise<PushState> {
  const s = supported() ? await current() : null;
  localStorage.removeItem(owner);
  if (s) {
    await s.unsubscribe();
    await api.post("/v1/push/unsubscribe", { endpoint: s.endpoint });
  }
  return "off";
}
