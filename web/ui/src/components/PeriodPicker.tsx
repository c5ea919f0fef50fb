import { CalendarDays, ChevronDown } from "lucide-react";
import { lazy, useState } from "react";
import { typing, useWindowKey } from "../lib/hooks";
import { useWords } from "../lib/i18n";
import { addDays, customDays, customKey, isPreset, presets } from "../lib/period";
import { useSingleKeys } from "../lib/singleKeys";
import { buttonClass } from "./Button";
import { Deferred } from "./Deferred";

const PeriodPopover = lazy(() => import("./PeriodPopover"));

interface Props {
  period: string;
  /** The reporting zone, for what today is. */
  zone: string;
  onChange: (period: string) => void;
}

/** Chooses a period: a preset, also by its key, or a range of days. */
export function PeriodPicker({ period, zone, onChange }: Props) {
  const { t, f } = useWords();
  const [open, setOpen] = useState<"no" | "presets" | "custom">("no");
  const [keys] = useSingleKeys();

  useWindowKey((e) => {
    if (!keys || e.repeat || typing(e)) return;
    const key = e.key.toLowerCase();
    const preset = presets.find((p) => p.key === key);
    if (preset) onChange(preset.id);
    else if (key === customKey) setOpen("custom");
    else return;
    e.preventDefault();
  });

  const days = customDays(period);
  const label = days ? f.days({ from: days.first, to: addDays(days.last, 1) }, "UTC") : isPreset(period) ? t.period.presets[period] : period;
  const trigger = (openIt?: () => void) => (
    <button type="button" className={buttonClass("secondary")} aria-label={`${t.period.label}: ${label}`} onClick={openIt}>
      <CalendarDays className="size-4 text-ink-2" aria-hidden="true" />
      {label}
      <ChevronDown className="size-4 text-ink-2" aria-hidden="true" />
    </button>
  );
  return (
    <Deferred
      wanted={open !== "no"}
      onWant={() => setOpen("presets")}
      trigger={trigger}
      overlay={(trigger) => (
        <PeriodPopover
          trigger={trigger}
          open={open !== "no"}
          onOpenChange={(o) => setOpen(o ? "presets" : "no")}
          custom={open === "custom"}
          period={period}
          zone={zone}
          onChoose={(p) => {
            setOpen("no");
            onChange(p);
          }}
        />
      )}
    />
  );
}
