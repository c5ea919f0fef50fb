import { useWords } from "../lib/i18n";

export function Logo({ short = false }: { short?: boolean }) {
  const { t } = useWords();
  return (
    <span className="flex items-center gap-2.5 font-semibold tracking-tight">
      <img src="/icon.svg" alt={short ? t.app.name : ""} width={26} height={26} className="shrink-0" />
      {!short && t.app.name}
    </span>
  );
}
