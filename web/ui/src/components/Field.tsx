import { useId, type ComponentProps, type ReactNode } from "react";

const box = "mt-1 w-full min-w-0 rounded-sm border border-line-strong bg-surface px-2.5 text-sm tabular-nums aria-invalid:border-down disabled:opacity-50";

interface Common {
  label: ReactNode;
  hint?: ReactNode;
  error?: string;
  className?: string;
}

interface Frame extends Common {
  id: string;
  children: (described: { id: string; "aria-invalid": boolean; "aria-describedby"?: string }) => ReactNode;
}

function Framed({ id, label, hint, error, className = "", children }: Frame) {
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return (
    <div className={`min-w-0 ${className}`}>
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({ id, "aria-invalid": !!error, ...(described ? { "aria-describedby": described } : {}) })}
      {hint && (
        <p id={`${id}-hint`} className="mt-1 text-xs text-ink-2">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="mt-1 text-xs text-down">
          {error}
        </p>
      )}
    </div>
  );
}

/** A line of text with its label, what helps to fill it in, and what is wrong with it. */
export function TextField({ label, hint, error, className, id, unit, ...rest }: Common & Omit<ComponentProps<"input">, "className"> & { unit?: string }) {
  const own = useId();
  return (
    <Framed id={id ?? own} label={label} hint={hint} error={error} className={className}>
      {(aria) => (
        <span className="relative block">
          <input type="text" autoComplete="off" className={`${box} h-9 ${unit ? "pe-14" : ""}`} {...aria} {...rest} />
          {unit && <span className="pointer-events-none absolute inset-y-0 end-2.5 top-1 flex items-center text-xs text-ink-2">{unit}</span>}
        </span>
      )}
    </Framed>
  );
}

export function TextArea({ label, hint, error, className, id, ...rest }: Common & Omit<ComponentProps<"textarea">, "className">) {
  const own = useId();
  return (
    <Framed id={id ?? own} label={label} hint={hint} error={error} className={className}>
      {(aria) => <textarea rows={3} className={`${box} py-1.5`} {...aria} {...rest} />}
    </Framed>
  );
}

export function SelectField({ label, hint, error, className, id, options, ...rest }: Common & Omit<ComponentProps<"select">, "className" | "children"> & { options: readonly (readonly [string, string])[] }) {
  const own = useId();
  return (
    <Framed id={id ?? own} label={label} hint={hint} error={error} className={className}>
      {(aria) => (
        <select className={`${box} h-9`} {...aria} {...rest}>
          {options.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Framed>
  );
}

export function Checkbox({ label, hint, ...rest }: { label: ReactNode; hint?: ReactNode } & Omit<ComponentProps<"input">, "type" | "className">) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <input id={id} type="checkbox" className="mt-0.5 size-4 shrink-0 accent-accent" aria-describedby={hint ? `${id}-hint` : undefined} {...rest} />
      <div>
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-xs text-ink-2">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** One of a few, as cards or as a row. */
export function Choices<T extends string>({ legend, value, options, onChange, row = false, error }: { legend: string; value: T; options: readonly { value: T; label: string; text?: string }[]; onChange: (v: T) => void; row?: boolean; error?: string }) {
  const name = useId();
  return (
    <fieldset aria-describedby={error ? `${name}-error` : undefined}>
      <legend className="text-sm font-medium">{legend}</legend>
      <div className={`mt-1.5 ${row ? "flex flex-wrap gap-2" : "grid gap-2 sm:grid-cols-2"}`}>
        {options.map((o) => (
          <label
            key={o.value}
            className="flex cursor-pointer items-start gap-2.5 rounded-md border border-line bg-surface px-3 py-2 text-sm has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
          >
            <input type="radio" name={name} value={o.value} checked={o.value === value} onChange={() => onChange(o.value)} className="mt-0.5 size-4 shrink-0 accent-accent outline-none" />
            <span className="min-w-0">
              <span className="font-medium">{o.label}</span>
              {o.text && <span className="mt-0.5 block text-xs text-ink-2">{o.text}</span>}
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p id={`${name}-error`} className="mt-1 text-xs text-down">
          {error}
        </p>
      )}
    </fieldset>
  );
}
