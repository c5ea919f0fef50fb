import { queryOptions } from "@tanstack/react-query";
import { read, rest } from "../../lib/rest";

// Everything here is told by the version that is served and by the drafts: a change of either makes all of it anew.

export const articlesQuery = queryOptions({ queryKey: ["library", "articles"], queryFn: ({ signal }) => read(rest.GET("/v1/library/articles", { signal })) });
export const draftsQuery = queryOptions({ queryKey: ["library", "drafts"], queryFn: ({ signal }) => read(rest.GET("/v1/library/drafts", { signal })) });
export const versionsQuery = queryOptions({ queryKey: ["library", "versions"], queryFn: ({ signal }) => read(rest.GET("/v1/library/versions", { signal })) });
export const gapsQuery = queryOptions({ queryKey: ["library", "gaps"], queryFn: ({ signal }) => read(rest.GET("/v1/library/gaps", { signal })) });
