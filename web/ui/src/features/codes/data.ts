import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useToast } from "../../components/Announce";
import { api } from "../../lib/api";
import type { CodesResult } from "../../lib/contract";
import { useReason } from "../../lib/copy";
import { fromMicro, micro } from "../../lib/decimal";
import { usePageWords } from "../../lib/i18n/pages";
import { codesWords } from "../../lib/i18n/pages/codes";
import type { Schema } from "../../lib/rest";

export type CodeRow = CodesResult["rows"][number];

export interface Rates {
  spotRate: string;
  futuresRate: string;
  since: string;
}

export interface CodeChange {
  spotRebateRate?: string;
  futuresRebateRate?: string;
  note?: string;
  default?: boolean;
}

export const maxCodes = 20;

export const codesQuery = (period: string) =>
  queryOptions({
    queryKey: ["codes", period],
    queryFn: ({ signal }) => api.get<CodesResult>("/v1/codes", { period }, signal),
    staleTime: 30_000,
  });

/** Of the referees of each of the last twelve months, how many traded since; through a code, or all. */
export const cohortsQuery = (code?: string) =>
  queryOptions({
    queryKey: ["cohorts", code],
    queryFn: ({ signal }) => api.get<Schema["CohortList"]>("/v1/cohorts", code ? { code } : {}, signal),
    staleTime: 60_000,
  });

export const ratesQuery = queryOptions({
  queryKey: ["rates"],
  queryFn: ({ signal }) => api.get<Rates>("/v1/rates", {}, signal),
  staleTime: 60_000,
});

/** Makes a code the default. It shows at once, and goes back when the server does not do it. */
export function useDefaultCode() {
  const queries = useQueryClient();
  const toast = useToast();
  const reason = useReason();
  const w = usePageWords(codesWords);
  return useMutation({
    mutationFn: (code: string) => api.patch(`/v1/codes/${encodeURIComponent(code)}`, { default: true }),
    onMutate: async (code) => {
      await queries.cancelQueries({ queryKey: ["codes"] });
      const before = queries.getQueriesData({ queryKey: ["codes"] });
      queries.setQueriesData<CodesResult>({ queryKey: ["codes"] }, (d) => d && { ...d, rows: d.rows.map((r) => ({ ...r, default: r.key === code })) });
      return before;
    },
    onError: (e, _, before) => {
      before?.forEach(([key, data]) => queries.setQueryData(key, data));
      toast({ text: w.notDone(reason(e)), failed: true });
    },
    onSuccess: (_, code) => toast({ text: w.isDefault(code) }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["codes"] }),
  });
}

/** A percentage as it is written, as the fraction that the API takes; undefined when it is none. */
export function fraction(percent: string): string | undefined {
  const s = percent.trim().replace(",", ".");
  if (!/^\d{1,3}(\.\d{1,4})?$/.test(s)) return undefined;
  return fromMicro(micro(s) / 100n);
}

/** A fraction as a percentage to write in. */
export const percent = (fraction: string) => fromMicro(micro(fraction) * 100n);
