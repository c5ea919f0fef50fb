import { NoPermission } from "../components/states";
import { useTitle } from "../lib/hooks";
import { useWords } from "../lib/i18n";

/** Stands in for a page that is not for the role. */
export default function Refused() {
  const { t } = useWords();
  useTitle(t.states.noPermission);
  return (
    <div className="card">
      <h1 className="sr-only">{t.states.noPermission}</h1>
      <NoPermission />
    </div>
  );
}
