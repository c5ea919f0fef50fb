import { BarChart3, Table2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useWords } from "../lib/i18n";
import { Button } from "./Button";

interface Props {
  /** Left of the switch. */
  header?: ReactNode;
  table: ReactNode;
  children: ReactNode;
}

/** A drawing that can also be read as a table of the same figures. */
export function TableSwitch({ header, table, children }: Props) {
  const { t } = useWords();
  const [asTable, setAsTable] = useState(false);
  return (
    <div className="min-w-0">
      <div className="mb-1.5 flex flex-wrap items-center justify-between gap-x-2 gap-y-1">
        <div className="min-w-0">{header}</div>
        <Button variant="quiet" className="-me-2 ms-auto min-h-7 px-2 text-xs" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? <BarChart3 className="size-3.5" aria-hidden="true" /> : <Table2 className="size-3.5" aria-hidden="true" />}
          {asTable ? t.figures.viewChart : t.figures.viewTable}
        </Button>
      </div>
      {asTable ? table : children}
    </div>
  );
}
