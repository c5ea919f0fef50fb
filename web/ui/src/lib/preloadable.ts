import { createElement, lazy, useState, type ComponentType } from "react";

/**
 * Like lazy, for code that is loaded before it is wanted: a component that is there already is shown at once, while
 * lazy would show its waiting state first, and that for 300 ms at least.
 */
export function preloadable<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  let ready: ComponentType<P> | undefined;
  const preload = async () => {
    const m = await load();
    ready = m.default;
    return m;
  };
  const Waiting = lazy(preload);
  function Preloadable(props: P) {
    const [Chosen] = useState<ComponentType<P>>(() => ready ?? Waiting);
    return createElement(Chosen, props);
  }
  return Object.assign(Preloadable, { preload });
}
