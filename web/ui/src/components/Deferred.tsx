import { Suspense, useEffect, useState, type ReactElement } from "react";

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
  // It stays once it is there, or closing it would take away the trigger that the focus goes back to.
  if (wanted && !ready) setReady(true);
  useEffect(() => {
    const id = setTimeout(() => setReady(true), 1000);
    return () => clearTimeout(id);
  }, []);
  const plain = trigger(onWant);
  return ready ? <Suspense fallback={plain}>{overlay(trigger())}</Suspense> : plain;
}
