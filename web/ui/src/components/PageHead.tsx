import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useTitle } from "../lib/hooks";

interface Props {
  title: string;
  /** One line under the heading: of when and where the figures are. */
  sub?: ReactNode;
  /** A link to the list that the page is of; gets the icon as its child. */
  back?: (icon: ReactNode) => ReactNode;
  /** Beside the heading. */
  badge?: ReactNode;
  children?: ReactNode;
}

/** The head of a page: its h1, the line under it, and what can be done. */
export function PageHead({ title, sub, back, badge, children }: Props) {
  useTitle(title);
  return (
    <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
      <div className="flex min-w-0 items-start gap-2">
        {back?.(<ArrowLeft className="size-[18px]" aria-hidden="true" />)}
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
            <h1 className="min-w-0 text-xl font-semibold tracking-tight wrap-anywhere">{title}</h1>
            {badge}
          </div>
          {sub !== undefined && <p className="min-h-5 text-sm text-ink-2 tabular-nums">{sub}</p>}
        </div>
      </div>
      {children && <div className="flex flex-wrap items-center gap-2">{children}</div>}
    </div>
  );
}
