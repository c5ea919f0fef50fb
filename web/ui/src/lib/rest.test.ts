import createClient from "openapi-fetch";
import { describe, expect, it } from "vitest";
import { ApiError } from "./api";
import type { paths } from "./openapi";
import { read } from "./rest";

const answers = (status: number, body: unknown) =>
  createClient<paths>({
    baseUrl: "http://hub.test",
    fetch: (request) => {
      expect(request.url).toBe("http://hub.test/v1/referees?q=10&limit=5");
      return Promise.resolve(new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } }));
    },
  }).GET("/v1/referees", { params: { query: { q: "10", limit: 5 } } });

describe("the typed client", () => {
  it("reads answers", async () => {
    const page = await read(answers(200, { rows: [{ key: "10" }], total: 1 }));
    expect(page.rows[0]?.key).toBe("10");
  });
  it("throws problems as ApiError", async () => {
    await expect(read(answers(422, { code: "invalid", detail: "limit: too many", field: "limit" }))).rejects.toMatchObject(
      new ApiError(422, "invalid", "limit: too many", "limit"),
    );
  });
});
