import { useToast } from "../components/Announce";
import { usePageWords } from "./i18n/pages";
import { commonWords } from "./i18n/pages/common";

/** Copies a text and says so. */
export function useCopy() {
  const toast = useToast();
  const w = usePageWords(commonWords);
  return async (text: string, what: string) => {
    try {
      await navigator.clipboard.writeText(text);
      toast({ text: w.copied(what) });
    } catch {
      toast({ text: w.notCopied, failed: true });
    }
  };
}

/** Why a write failed, in the server's words. */
export function useReason() {
  const w = usePageWords(commonWords);
  return (e: unknown) => (e instanceof Error && e.message !== "unreachable" ? e.message : w.unreachable);
}
