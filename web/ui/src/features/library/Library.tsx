import { useQuery } from "@tanstack/react-query";
import { useTitle } from "../../lib/hooks";
import { useWords } from "../../lib/i18n";
import { Articles } from "./Articles";
import { Drafts } from "./Drafts";
import { Try } from "./Try";
import { Versions } from "./Versions";
import { versionsQuery } from "./queries";

/** The content team's page: drafts, a question to try, the articles that are served, and the versions. */
export function Library() {
  const { t } = useWords();
  useTitle(t.library.title);
  const versions = useQuery(versionsQuery);
  const served = versions.data?.items.find((v) => v.active)?.version ?? 0;
  return (
    <>
      <h1 className="text-xl font-semibold tracking-tight">{t.library.title}</h1>
      <p className="mt-1 max-w-2xl text-sm text-ink-2">{t.library.text}</p>
      <div className="mt-5 grid gap-5 xl:grid-cols-2">
        <Drafts served={served} />
        <Try />
      </div>
      <div className="mt-5 space-y-5">
        <Articles />
        <Versions query={versions} />
      </div>
    </>
  );
}
