import { Suspense, useEffect, useLayoutEffect, useRef, useState, type ReactElement } from "react";

interface Props {
  wanted: boolean;
  onWant: () => void;
  /** The closed state: a button, with what opens it while the overlay's code is not there. */
  trigger: (open?: () => void) => ReactElement;
  /** The same with its overlay, from code that is loaded apart; it wraps the trigger. */
  overlay: (trigger: ReactElement) => ReactElement;
}

/** A menu, popover or drawer whose code is not part of the first load: it comes in idle time, or when it is first wanted. */
export function Deferred({ wanted, onWant, trigger, overlay }: Props) {
  const [ready, setReady] = useState(false);
  const place = useRef<HTMLSpanElement>(null);
  const hadFocus = useRef(false);
  // It stays once it is there, or closing it would take away the trigger that the focus goes back to.
  if (wanted && !ready) setReady(true);
  useEffect(() => {
    const id = setTimeout(() => setReady(true), 1000);
    return () => clearTimeout(id);
  }, []);
  const plain = trigger(onWant);
  // Wrapped, the trigger is another element, and the focus would be lost with the one that it replaces.
  const keepFocus = () => {
    if (hadFocus.current && document.activeElement === document.body) place.current?.querySelector("button")?.focus();
  };
  return (
    <span ref={place} className="contents" onFocus={() => (hadFocus.current = true)} onBlur={() => (hadFocus.current = false)}>
      {ready ? (
        <Suspense fallback={<Replaced then={keepFocus}>{plain}</Replaced>}>
          <Replaced then={keepFocus}>{overlay(trigger())}</Replaced>
        </Suspense>
      ) : (
        plain
      )}
    </span>
  );
}

/** Calls `then` once its children are on the page. */
function Replaced({ then, children }: { then: () => void; children: ReactElement }) {
  // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when they come
  useLayoutEffect(then, []);
  return children;
}
