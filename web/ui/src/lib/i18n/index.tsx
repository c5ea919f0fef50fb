import { createContext, use, useEffect, useMemo, useState, type ReactNode } from "react";
import { newFormat, type Format } from "../format";
import type { Messages } from "./en";

/** Each locale with its own name, and its catalogue, loaded when it is chosen. */
export const locales = {
  en: { name: "English", load: () => import("./en").then((m) => m.en) },
  vi: { name: "Tiếng Việt", load: () => import("./vi").then((m) => m.vi) },
} satisfies Record<string, { name: string; load: () => Promise<Messages> }>;

export type Locale = keyof typeof locales;

const key = "partnerhub.locale";
const known = (l: string | null | undefined): l is Locale => !!l && l in locales;

/** The person's choice, else the first of the browser's languages that we have. */
export function initialLocale(): Locale {
  const kept = localStorage.getItem(key);
  if (known(kept)) return kept;
  return navigator.languages.map((l) => l.slice(0, 2)).find(known) ?? "en";
}

interface Words {
  t: Messages;
  f: Format;
  locale: Locale;
  setLocale: (l: Locale) => void;
}

const Context = createContext<Words | null>(null);

export function I18nProvider({ locale: first, messages: firstMessages, children }: { locale: Locale; messages: Messages; children: ReactNode }) {
  const [{ locale, t }, setWords] = useState({ locale: first, t: firstMessages });
  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  const value = useMemo(
    () => ({
      t,
      locale,
      f: newFormat(locale),
      setLocale: (l: Locale) => {
        localStorage.setItem(key, l);
        void locales[l].load().then((t) => setWords({ locale: l, t }));
      },
    }),
    [locale, t],
  );
  return <Context value={value}>{children}</Context>;
}

/** The messages (t) and formats (f) of the chosen locale. */
export function useWords(): Words {
  const words = use(Context);
  if (!words) throw new Error("no I18nProvider");
  return words;
}
