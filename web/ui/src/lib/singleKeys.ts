import { useSyncExternalStore } from "react";

// Keys without a modifier can be switched off, for those whose speech input or tremor types them (WCAG 2.1.4).

const key = "partnerhub.singleKeys";
const listeners = new Set<() => void>();
const on = () => localStorage.getItem(key) !== "off";

function set(value: boolean) {
  if (value) localStorage.removeItem(key);
  else localStorage.setItem(key, "off");
  listeners.forEach((f) => f());
}

function subscribe(f: () => void) {
  listeners.add(f);
  return () => void listeners.delete(f);
}

export const useSingleKeys = () => [useSyncExternalStore(subscribe, on), set] as const;
