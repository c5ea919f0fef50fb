import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { useWords } from "../lib/i18n";
import { useAnnounce } from "./Announce";
import { IconButton, type IconSize } from "./Button";

/** Copies a text, and says that it did. label says what is copied. */
export function CopyButton({ text, label, size = "small" }: { text: string; label: string; size?: IconSize }) {
  const { t } = useWords();
  const announce = useAnnounce();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    announce(t.assistant.copied);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <IconButton label={copied ? t.assistant.copied : label} size={size} onClick={() => void copy()}>
      {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
    </IconButton>
  );
}
