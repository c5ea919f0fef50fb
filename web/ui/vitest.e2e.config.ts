import { defineConfig } from "vitest/config";

// Real Chromium against the server at BASE_URL; a browser for each of two files at a time.
export default defineConfig({
  test: {
    include: ["e2e/**/*.e2e.ts"],
    environment: "node",
    // Vite gives BASE_URL a meaning of its own within the tests.
    env: { SERVER_URL: process.env.BASE_URL ?? "" },
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 5_000 } }, // a second is too little on a busy machine
  },
});
