import type { Session } from "./contract";

/** A refusal or failure of the server, in the words of its problem+json. Status 0: it was not reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
    /** USDT that a balance lacks. */
    readonly missing?: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export type Query = Record<string, string | number | boolean | undefined>;

const timeout = 20_000;

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal, headers: Record<string, string> = {}): Promise<T> {
  const limit = AbortSignal.timeout(timeout);
  let res: Response;
  try {
    res = await fetch(path, {
      method,
      headers: {
        Accept: "application/json",
        "Accept-Language": document.documentElement.lang,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new ApiError(0, "unreachable", "unreachable");
  }
  if (!res.ok) {
    const p = (await res.json().catch(() => ({}))) as { code?: string; detail?: string; title?: string; field?: string; missing?: string };
    throw new ApiError(res.status, p.code ?? "", p.detail ?? p.title ?? res.statusText, p.field, p.missing);
  }
  if (res.status === 204 || !res.headers.get("Content-Type")?.includes("json")) return undefined as T;
  return (await res.json()) as T;
}

export const api = {
  get: <T>(path: string, query: Query = {}, signal?: AbortSignal) => {
    const q = new URLSearchParams();
    for (const [k, v] of Object.entries(query)) if (v !== undefined) q.set(k, String(v));
    const s = q.toString();
    return call<T>("GET", s ? `${path}?${s}` : path, undefined, signal);
  },
  /** With a key, the same request again is done once. */
  post: <T>(path: string, body: unknown, key?: string) => call<T>("POST", path, body, undefined, key ? { "Idempotency-Key": key } : {}),
  put: <T>(path: string, body: unknown) => call<T>("PUT", path, body),
  patch: <T>(path: string, body: unknown) => call<T>("PATCH", path, body),
  delete: (path: string) => call<undefined>("DELETE", path),
};

/** Who is signed in, or null. */
export async function fetchSession(signal?: AbortSignal): Promise<Session | null> {
  try {
    return await api.get<Session>("/v1/session", {}, signal);
  } catch (e) {
    if (e instanceof ApiError && e.status === 401) return null;
    throw e;
  }
}
