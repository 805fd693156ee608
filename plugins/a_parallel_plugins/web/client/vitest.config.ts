import { defineConfig, mergeConfig } from "vitest/config";
import build from "./vite.config";

// In a file of its own: what is needed to build the client is installed without what is needed to test it.
export default mergeConfig(
  build,
  defineConfig({
    test: {
      environment: "jsdom",
      // One page for all files: making it anew for each takes five times as long as the tests do.
      isolate: false,
      pool: "threads",
      setupFiles: ["tests/setup.ts"],
      restoreMocks: true,
    },
  }),
);
