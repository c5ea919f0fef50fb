import { useCallback, useEffect, useRef, useState } from "react";

/** Within so many pixels of the end one counts as being there. */
const near = 48;

/** Keeps a scrolling box at its end while its content grows, unless the reader has scrolled away. */
export function useStickToEnd() {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const top = useRef(0);
  const [atEnd, setAtEnd] = useState(true);

  const toEnd = useCallback(() => {
    stuck.current = true;
    setAtEnd(true);
    const el = box.current;
    if (el) el.scrollTop = el.scrollHeight;
  }, []);

  const onScroll = useCallback(() => {
    const el = box.current;
    if (!el) return;
    const isNear = el.scrollHeight - el.scrollTop - el.clientHeight < near;
    // Content that grows moves the end away too: only going up is the reader's wish to stay.
    if (isNear) stuck.current = true;
    else if (el.scrollTop < top.current) stuck.current = false;
    top.current = el.scrollTop;
    setAtEnd(stuck.current);
  }, []);

  useEffect(() => {
    if (!content.current || !box.current) return;
    const grown = new ResizeObserver(() => {
      if (stuck.current && box.current) box.current.scrollTop = box.current.scrollHeight;
      else onScroll();
    });
    grown.observe(content.current);
    grown.observe(box.current);
    return () => grown.disconnect();
  }, [onScroll]);

  return { box, content, onScroll, atEnd, toEnd };
}
