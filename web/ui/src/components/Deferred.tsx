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
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    const id = setTimeout(() => setIdle(true), 1000);
    return () => clearTimeout(id);
  }, []);
  const plain = trigger(onWant);
  return idle || wanted ? <Suspense fallback={plain}>{overlay(trigger())}</Suspense> : plain;
}
