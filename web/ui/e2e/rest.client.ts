import createClient from "openapi-fetch";
import { beforeAll, expect, test } from "vitest";
import type { paths } from "../src/lib/openapi";
import { base, people, tokenOf } from "./token";

// The client that docs/openapi.json generates, against the server. What it sends and reads is checked by the compiler; here is what
// only a server can say.

const client = createClient<paths>({ baseUrl: base });
let sub: number;

beforeAll(async () => {
  const [partner, subPartner] = (await people()).filter((p) => p.role === "partner");
  if (!partner || !subPartner) throw new Error("there are no two partners to sign in as");
  sub = subPartner.uid;
  const token = await tokenOf(partner);
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
  });
});

test("pages of a list, each referee once", async () => {
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const { data, error } = await client.GET("/v1/referees", { params: { query: { limit: 100, sort: "commission", period: "last_month", ...(cursor ? { cursor } : {}) } } });
    if (!data) throw new Error(JSON.stringify(error));
    for (const row of data.rows) {
      expect(seen.has(row.key)).toBe(false);
      seen.add(row.key);
    }
    expect(data.total).toBeGreaterThanOrEqual(data.rows.length);
    cursor = seen.size < 300 ? data.nextCursor : undefined;
  } while (cursor);
  expect(seen.size).toBeGreaterThan(100);
});

test("a conditional request is answered without a body", async () => {
  const first = await client.GET("/v1/overview", { params: { query: { period: "last_month" } } });
  const tag = first.response.headers.get("ETag") ?? "";
  expect(tag).toMatch(/^W\/"/);
  const again = await client.GET("/v1/overview", { params: { query: { period: "last_month" } }, headers: { "If-None-Match": tag } });
  expect(again.response.status).toBe(304);
});

test("a write with its idempotency key, and one with a path parameter", async () => {
  const send = () =>
    client.POST("/v1/codes", { params: { header: { "Idempotency-Key": key } }, body: { spotRebateRate: "0.05", futuresRebateRate: "0.05", note: "generated client" } });
  const key = `client-${String(Date.now())}`;
  const [one, two] = [await send(), await send()];
  expect(one.data?.code).toBeTruthy();
  expect(two.data?.code).toBe(one.data?.code);
  const note = await client.PUT("/v1/referees/{uid}/note", { params: { path: { uid: sub } }, body: { note: "seen" } });
  expect(note.data?.note).toBe("seen");
});

test("a problem names the field at fault", async () => {
  const { error, response } = await client.GET("/v1/overview", { params: { query: { period: "someday" } } });
  expect(response.status).toBe(422);
  expect(error).toMatchObject({ code: "invalid", field: "period", status: 422 });
  expect(response.headers.get("X-Request-Id")).toBeTruthy();
});

test("an export in the background: its progress, and the same file as at once", async () => {
  const query = "period=last_month&sort=registeredAt";
  const begun = await client.POST("/v1/exports", { body: { list: "referees", query } });
  if (!begun.data) throw new Error(JSON.stringify(begun.error));
  const path = { id: begun.data.id };
  await expect.poll(async () => (await client.GET("/v1/exports/{id}", { params: { path } })).data?.state, { timeout: 30_000 }).toBe("done");
  const { data: job } = await client.GET("/v1/exports/{id}", { params: { path } });
  expect(job?.rows).toBe(job?.total);
  const file = await client.GET("/v1/exports/{id}/file", { params: { path }, parseAs: "text" });
  const at = await client.GET("/v1/exports/referees.csv", { params: { query: { period: "last_month", sort: "registeredAt" } }, parseAs: "text" });
  expect(file.data).toBe(at.data);
  await client.DELETE("/v1/exports/{id}", { params: { path } });
});
