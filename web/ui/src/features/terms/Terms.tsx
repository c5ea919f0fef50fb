import { useRouteContext } from "@tanstack/react-router";
import { useWords } from "../../lib/i18n";
import { usePageWords } from "../../lib/i18n/pages";
import { termsWords } from "../../lib/i18n/pages/terms";
import { Page } from "../operator/Page";
import { Lookup } from "./Lookup";
import { Rules } from "./Rules";
import { Settings } from "./Settings";

/** What partners earn, by which rules, and since when: read and changed by operators. */
export function Terms() {
  const { t } = useWords();
  const w = usePageWords(termsWords);
  const { session } = useRouteContext({ from: "/signed-in" });
  return (
    <Page title={t.operator.terms.title} text={w.text}>
      <Rules zone={session.zone} />
      <Lookup zone={session.zone} />
      <Settings />
    </Page>
  );
}
