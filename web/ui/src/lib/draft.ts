import { useEffect, useState } from "react";

// What is written and not sent yet survives a reload; it goes with the tab, or with signing out.

const key = (name: string) => `partnerhub.form.${name}`;

function read(name: string): unknown {
  try {
    const s = sessionStorage.getItem(key(name));
    return s ? (JSON.parse(s) as unknown) : undefined;
  } catch {
    return undefined; // of an older version of the form
  }
}

export const dropDraft = (name: string) => sessionStorage.removeItem(key(name));

/** A form's state, kept over a reload under its name. drop forgets it, when the form has done its work. */
export function useDraft<T extends object>(name: string, initial: T) {
  const [value, setValue] = useState<T>(() => ({ ...initial, ...(read(name) as Partial<T> | undefined) }));
  const [dropped, setDropped] = useState(false);
  useEffect(() => {
    if (!dropped) sessionStorage.setItem(key(name), JSON.stringify(value));
  }, [name, value, dropped]);
  const drop = () => {
    setDropped(true);
    dropDraft(name);
  };
  return [value, setValue, drop] as const;
}
