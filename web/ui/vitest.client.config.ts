import { defineConfig } from "vitest/config";

// Clients that others write, against the server at BASE_URL; no browser.
export default defineConfig({
  test: {
    include: ["e2e/**/*.client.ts"],
    environment: "node",
    // Vite gives BASE_URL a meaning of its own within the tests.
    env: { SERVER_URL: process.env.BASE_URL ?? "" },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
