import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (f) => {
      const m = matchMedia(query);
      m.addEventListener("change", f);
      return () => m.removeEventListener("change", f);
    },
    () => matchMedia(query).matches,
  );
}

/** Wide enough for the assistant to stand beside the page. */
export const desktopWidth = "(min-width: 1024px)";
export const useDesktop = () => useMedia(desktopWidth);

export function useWindowKey(handler: (e: KeyboardEvent) => void) {
  const onKey = useEffectEvent(handler);
  useEffect(() => {
    const f = (e: KeyboardEvent) => onKey(e);
    addEventListener("keydown", f);
    return () => removeEventListener("keydown", f);
  }, []);
}

/** Whether a key typed now is meant for a field, a menu or a dialog rather than for the page. */
export function typing(e: KeyboardEvent): boolean {
  const t = e.target as HTMLElement | null;
  if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.defaultPrevented) return true;
  return !!t?.closest("input, textarea, select, [contenteditable], [role=menu], [role=dialog], [role=listbox]");
}

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Partner Hub`;
  }, [title]);
}
