import { useSyncExternalStore } from "react";

/** What can be chosen; the choice is read before the first paint by public/theme.js. */
export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "partnerhub.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosen(): Theme {
  const v = localStorage.getItem(key);
  return v === "light" || v === "dark" ? v : "system";
}

function apply() {
  const t = chosen();
  const dark = t === "dark" || (t === "system" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", dark ? "#0f1113" : "#f6f6f4");
  listeners.forEach((f) => f());
}

system.addEventListener("change", apply);
addEventListener("storage", (e) => {
  if (e.key === key) apply();
});

export function setTheme(t: Theme) {
  if (t === "system") localStorage.removeItem(key);
  else localStorage.setItem(key, t);
  apply();
}

function subscribe(f: () => void) {
  listeners.add(f);
  return () => void listeners.delete(f);
}

/** The person's choice. */
export const useTheme = () => useSyncExternalStore(subscribe, chosen);

/** What is shown: true for dark. */
export const useDark = () => useSyncExternalStore(subscribe, () => document.documentElement.dataset.theme === "dark");
