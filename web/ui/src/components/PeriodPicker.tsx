import { CalendarDays, Check, ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { useId, useRef, useState } from "react";
import { typing, useWindowKey } from "../lib/hooks";
import { useWords } from "../lib/i18n";
import { customDays, customKey, customPeriod, isPreset, presets, today } from "../lib/period";
import { useSingleKeys } from "../lib/singleKeys";
import { Button, buttonClass } from "./Button";

interface Props {
  period: string;
  /** The reporting zone, for what today is. */
  zone: string;
  onChange: (period: string) => void;
}

/** Chooses a period: a preset, also by its key, or a range of days. */
export function PeriodPicker({ period, zone, onChange }: Props) {
  const { t, f } = useWords();
  const [open, setOpen] = useState(false);
  const [keys] = useSingleKeys();
  const firstDay = useRef<HTMLInputElement>(null);

  useWindowKey((e) => {
    if (!keys || e.repeat || typing(e)) return;
    const key = e.key.toLowerCase();
    const preset = presets.find((p) => p.key === key);
    if (preset) onChange(preset.id);
    else if (key === customKey) {
      setOpen(true);
      setTimeout(() => firstDay.current?.focus());
    } else return;
    e.preventDefault();
  });

  const choose = (p: string) => {
    setOpen(false);
    onChange(p);
  };
  const days = customDays(period);
  const label = days
    ? f.range({ from: `${days.first}T00:00:00Z`, to: new Date(Date.parse(`${days.last}T00:00:00Z`) + 86_400_000).toISOString() }, "UTC")
    : isPreset(period) ? t.period.presets[period] : period;

  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className={buttonClass("secondary")} aria-label={`${t.period.label}: ${label}`}>
        <CalendarDays className="size-4 text-ink-2" aria-hidden="true" />
        {label}
        <ChevronDown className="size-4 text-ink-2" aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={12}
          aria-label={t.period.label}
          className="z-40 max-h-[var(--radix-popover-content-available-height)] w-[min(19rem,calc(100vw-1.5rem))] animate-in overflow-auto rounded-lg border border-line bg-surface p-1.5 shadow-2"
        >
          <ul>
            {presets.map((p) => (
              <li key={p.id}>
                <button
                  type="button"
                  aria-pressed={period === p.id}
                  aria-keyshortcuts={keys ? p.key : undefined}
                  onClick={() => choose(p.id)}
                  className="flex min-h-9 w-full items-center gap-2 rounded-sm px-2 text-start text-sm hover:bg-sunken aria-pressed:font-medium"
                >
                  <Check className={`size-4 text-accent ${period === p.id ? "" : "invisible"}`} aria-hidden="true" />
                  <span className="flex-1">{t.period.presets[p.id]}</span>
                  {keys && <Kbd>{p.key.toUpperCase()}</Kbd>}
                </button>
              </li>
            ))}
          </ul>
          <CustomRange period={period} zone={zone} keys={keys} firstDay={firstDay} onApply={choose} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

export const Kbd = ({ children }: { children: string }) => (
  <kbd aria-hidden="true" className="rounded-sm border border-line bg-sunken px-1.5 font-sans text-xs leading-5 text-ink-2">
    {children}
  </kbd>
);

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
