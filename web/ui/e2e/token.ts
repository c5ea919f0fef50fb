import { expect } from "vitest";

// The server at BASE_URL runs in development mode with the demo program.
const baseURL = process.env.SERVER_URL;
if (!baseURL) throw new Error("BASE_URL is not set: start the server, then BASE_URL=http://127.0.0.1:8080 npm run client");
export const base = baseURL.replace(/\/$/, "");

export interface Person {
  uid: number;
  role: string;
}

/** Those whom development mode offers to sign in as. The first partner is the one with referees. */
export async function people(): Promise<Person[]> {
  return (await (await fetch(`${base}/v1/dev/people`)).json()) as Person[];
}

/** A bearer token of theirs, as the exchange's app would bring one along. */
export async function tokenOf({ uid, role }: Person): Promise<string> {
  const res = await fetch(`${base}/v1/dev/session`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ uid, role }) });
  expect(res.status).toBe(200);
  const token = /^partnerhub_session=([^;]+)/.exec(res.headers.get("Set-Cookie") ?? "")?.[1];
  if (!token) throw new Error("signing in set no session");
  return token;
}
