// The REST API, typed by the document that the server's code makes (docs/openapi.json); `npm run api` makes the types anew.
import createClient from "openapi-fetch";
import { ApiError } from "./api";
import type { components, paths } from "./openapi";

/** What the server sends and takes, by name: Schema["RefereeRow"]. */
export type Schema = components["schemas"];

export const rest = createClient<paths>({ baseUrl: typeof location === "undefined" ? "" : location.origin, fetch: (request) => fetch(request) });

/** The body of an answer, or an ApiError in the words of the problem. Call it around a request: `read(rest.GET("/v1/overview"))`. */
export async function read<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let got: Awaited<typeof answer>;
  try {
    got = await answer;
  } catch (e) {
    if (e instanceof DOMException && e.name === "AbortError") throw e;
    throw new ApiError(0, "unreachable", "unreachable");
  }
  if (!got.response.ok) {
    const p = (got.error ?? {}) as Partial<Schema["Problem"]>;
    throw new ApiError(got.response.status, p.code ?? "", p.detail ?? p.title ?? got.response.statusText, p.field);
  }
  return got.data as T;
}
