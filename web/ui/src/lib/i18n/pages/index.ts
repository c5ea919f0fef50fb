import { useWords, type Locale } from "..";

/** A page's words, which load with the page: the first load has only those of every page. */
export type PageWords<T> = Record<Locale, T>;

export const usePageWords = <T>(words: PageWords<T>): T => words[useWords().locale];
