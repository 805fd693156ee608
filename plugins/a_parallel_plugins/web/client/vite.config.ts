import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const server = process.env.A_PARALLEL_SERVER ?? "http://127.0.0.1:3001";

/** Writes `.gz` and `.br` beside each asset; the server sends them to who accepts them. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    writeBundle({ dir }) {
      const assets = join(dir ?? "", "assets");
      for (const name of readdirSync(assets).filter((one) => /\.(js|css|svg)$/.test(one))) {
        const text = readFileSync(join(assets, name));
        if (text.length < 1024) continue;
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
        writeFileSync(join(assets, `${name}.gz`), gzipSync(text, { level: 9 }));
        writeFileSync(join(assets, `${name}.br`), brotliCompressSync(text, quality));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), precompressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The server replaces this text by a fresh nonce in each answer; see web/built.py.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: process.env.A_PARALLEL_CLIENT_OUT ?? "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    manifest: true,
    reportCompressedSize: false,
  },
  server: {
    port: 5173,
    proxy: {
      "/api": server,
      "/plugins": server,
      "/ws": { target: server, ws: true },
    },
  },
});
