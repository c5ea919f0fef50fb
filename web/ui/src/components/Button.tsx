import type { ComponentProps } from "react";

const base =
  "inline-flex shrink-0 items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap transition-colors disabled:opacity-50 aria-disabled:opacity-50 min-h-9 px-3.5 text-sm";

const variants = {
  primary: "bg-accent text-accent-ink hover:opacity-90",
  secondary: "border border-line bg-surface text-ink hover:bg-sunken",
  quiet: "text-ink-2 hover:bg-sunken hover:text-ink",
  danger: "bg-down text-surface hover:opacity-90",
};

export type ButtonVariant = keyof typeof variants;

export const buttonClass = (variant: ButtonVariant = "secondary", extra = "") => `${base} ${variants[variant]} ${extra}`;

export function Button({ variant = "secondary", className = "", ...rest }: ComponentProps<"button"> & { variant?: ButtonVariant }) {
  return <button type="button" className={buttonClass(variant, className)} {...rest} />;
}

const sizes = { normal: "size-9 [&>svg]:size-[18px]", small: "size-8 [&>svg]:size-4", tiny: "size-6 [&>svg]:size-3.5" };

export type IconSize = keyof typeof sizes;

/** A button of an icon alone: its label is read out, and shown on hover. */
export function IconButton({ label, size = "normal", className = "", ...rest }: ComponentProps<"button"> & { label: string; size?: IconSize }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`grid shrink-0 place-items-center rounded-md text-ink-2 transition-colors hover:bg-sunken hover:text-ink disabled:opacity-50 ${sizes[size]} ${className}`}
      {...rest}
    />
  );
}
