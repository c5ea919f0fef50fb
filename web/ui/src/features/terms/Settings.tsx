import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { useToast } from "../../components/Announce";
import { Button } from "../../components/Button";
import { TextField } from "../../components/Field";
import { Skeleton } from "../../components/Skeleton";
import { Failed } from "../../components/states";
import { usePageWords } from "../../lib/i18n/pages";
import { termsWords } from "../../lib/i18n/pages/terms";
import { read, rest, type Schema } from "../../lib/rest";
import { Section } from "../operator/Page";

const stale = ["settings"];

/** What may be set while the hub runs. */
export function Settings() {
  const w = usePageWords(termsWords);
  const { data, error, isPending, refetch } = useQuery({ queryKey: stale, queryFn: ({ signal }) => read(rest.GET("/v1/operator/settings", { signal })) });
  return (
    <Section title={w.settings}>
      {isPending ? <Skeleton className="h-16 w-full" /> : error ? <Failed error={error} onRetry={() => void refetch()} /> : data.items.map((s) => <SettingForm key={s.name + s.value} setting={s} />)}
    </Section>
  );
}

function SettingForm({ setting: s }: { setting: Schema["Setting"] }) {
  const w = usePageWords(termsWords);
  const queries = useQueryClient();
  const toast = useToast();
  const [value, setValue] = useState(s.value);
  const set = useMutation({
    mutationFn: () => read(rest.PUT("/v1/operator/settings/{name}", { params: { path: { name: s.name } }, body: { value: value.trim() } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: stale });
      toast({ text: w.saved });
    },
  });
  const submit = (e: SyntheticEvent) => {
    e.preventDefault();
    if (!set.isPending) set.mutate();
  };
  return (
    <form noValidate onSubmit={submit} className="flex flex-wrap items-start gap-3">
      <TextField className="w-full max-w-md" label={s.name} hint={`${s.doc} (${w.usual}: ${s.default})`} value={value} onChange={(e) => setValue(e.target.value)} error={set.error?.message} />
      <Button type="submit" className="sm:mt-6" aria-disabled={set.isPending}>
        {w.save}
      </Button>
    </form>
  );
}
