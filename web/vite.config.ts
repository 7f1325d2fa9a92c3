import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/app/",
  plugins: [
    react(),
    tailwindcss(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "sw.ts",
      injectRegister: false,
      injectManifest: { globPatterns: ["**/*.{html,js,css,svg,png}"] },
      manifest: {
        id: "/app/",
        name: "HSH LPG",
        short_name: "HSH LPG",
        description: "Deliver, read, bill and collect, with or without a network.",
        lang: "en",
        start_url: "/app/",
        scope: "/app/",
        display: "standalone",
        orientation: "portrait",
        background_color: "#F4F6F8",
        theme_color: "#C2410C",
        icons: [
          { src: "icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
    }),
  ],
  resolve: {
    alias: [
      { find: /^dexie$/, replacement: "dexie/dist/modern/dexie.min.mjs" }, // 2 KB less than what it offers by itself
      { find: /^use-sync-external-store\/shim.*/, replacement: "react" }, // which has it, and wouter brings it along for others
    ],
  },
  build: {
    assetsInlineLimit: 0, // no data: addresses, the page's policy forbids them
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": process.env.API ?? "http://127.0.0.1:8000" } },
  test: { include: ["tests/**/*.test.ts"], setupFiles: ["tests/setup.ts"] },
});
