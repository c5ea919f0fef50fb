/** A key, for the eye; aria-keyshortcuts tells it to others. */
export const Kbd = ({ children }: { children: string }) => (
  <kbd aria-hidden="true" className="rounded-sm border border-line bg-sunken px-1.5 font-sans text-xs leading-5 text-ink-2">
    {children}
  </kbd>
);
