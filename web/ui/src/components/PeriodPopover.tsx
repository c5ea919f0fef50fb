import { Check } from "lucide-react";
import { Popover } from "radix-ui";
import { useId, useRef, useState, type ReactElement } from "react";
import { useWords } from "../lib/i18n";
import { customDays, customKey, customPeriod, presets, today } from "../lib/period";
import { useSingleKeys } from "../lib/singleKeys";
import { Button } from "./Button";
import { Kbd } from "./Kbd";

interface Props {
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Opens with the custom range's first day focused. */
  custom: boolean;
  period: string;
  zone: string;
  onChoose: (period: string) => void;
}

export default function PeriodPopover({ trigger, open, onOpenChange, custom, period, zone, onChoose }: Props) {
  const { t } = useWords();
  const [keys] = useSingleKeys();
  const firstDay = useRef<HTMLInputElement>(null);
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={12}
          aria-label={t.period.label}
          onOpenAutoFocus={(e) => {
            if (!custom) return;
            e.preventDefault();
            firstDay.current?.focus();
          }}
          className="z-40 max-h-[var(--radix-popover-content-available-height)] w-[min(19rem,calc(100vw-1.5rem))] animate-in overflow-auto rounded-lg border border-line bg-surface p-1.5 shadow-2"
        >
          <ul>
            {presets.map((p) => (
              <li key={p.id}>
                <button
                  type="button"
                  aria-pressed={period === p.id}
                  aria-keyshortcuts={keys ? p.key : undefined}
                  onClick={() => onChoose(p.id)}
                  className="flex min-h-9 w-full items-center gap-2 rounded-sm px-2 text-start text-sm hover:bg-sunken aria-pressed:font-medium"
                >
                  <Check className={`size-4 text-accent ${period === p.id ? "" : "invisible"}`} aria-hidden="true" />
                  <span className="flex-1">{t.period.presets[p.id]}</span>
                  {keys && <Kbd>{p.key.toUpperCase()}</Kbd>}
                </button>
              </li>
            ))}
          </ul>
          <CustomRange period={period} zone={zone} keys={keys} firstDay={firstDay} onApply={onChoose} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface CustomProps {
  period: string;
  zone: string;
  keys: boolean;
  firstDay: React.RefObject<HTMLInputElement | null>;
  onApply: (p: string) => void;
}

function CustomRange({ period, zone, keys, firstDay, onApply }: CustomProps) {
  const { t } = useWords();
  const id = useId();
  const now = today(zone);
  const days = customDays(period);
  const [first, setFirst] = useState(days?.first ?? "");
  const [last, setLast] = useState(days?.last ?? now);
  const [error, setError] = useState("");

  const apply = () => {
    const wrong = !first || !last ? t.period.required : first > last ? t.period.order : first > now ? t.period.future : "";
    setError(wrong);
    if (wrong) firstDay.current?.focus();
    else onApply(customPeriod(first, last));
  };
  const input = "mt-1 h-9 w-full min-w-0 rounded-sm border border-line-strong bg-surface px-2 text-sm tabular-nums aria-invalid:border-down";

  return (
    <form
      className="mt-1.5 border-t border-line p-2 pt-3"
      noValidate
      onSubmit={(e) => {
        e.preventDefault();
        apply();
      }}
    >
      <fieldset>
        <legend className="mb-2 flex w-full items-center justify-between text-sm font-medium">
          {t.period.custom}
          {keys && <Kbd>{customKey.toUpperCase()}</Kbd>}
        </legend>
        <div className="grid grid-cols-2 gap-2">
          <label className="min-w-0 text-xs text-ink-2">
            {t.period.from}
            <input ref={firstDay} type="date" className={input} value={first} min="2000-01-01" max={now} aria-invalid={error !== ""} aria-describedby={error ? id : undefined} onChange={(e) => setFirst(e.target.value)} />
          </label>
          <label className="min-w-0 text-xs text-ink-2">
            {t.period.to}
            <input type="date" className={input} value={last} min="2000-01-01" aria-invalid={error !== ""} aria-describedby={error ? id : undefined} onChange={(e) => setLast(e.target.value)} />
          </label>
        </div>
        {error && (
          <p id={id} role="alert" className="mt-2 text-xs text-down">
            {error}
          </p>
        )}
        <Button type="submit" variant="primary" className="mt-3 w-full">
          {t.period.apply}
        </Button>
      </fieldset>
    </form>
  );
}
