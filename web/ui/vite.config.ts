import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = process.env.API ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    // Charts are a chunk of their own that loads after the first screen.
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { "/v1": { target: api, ws: true } } },
});
