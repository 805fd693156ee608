import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { currentSession, subscribe } from "@/api/session";
import { queries } from "@/data/query";
import { allowStyleElements } from "@/lib/nonce";
import { store, stored } from "@/lib/storage";
import { applyEvents } from "@/live/apply";
import { Toaster } from "@/ui/toast";
import { TipProvider } from "@/ui/tooltip";
import { router } from "./router";
import "@/styles/app.css";

allowStyleElements();
applyEvents();

// A part of the page that is gone belongs to an older build: load the new one, but not for ever.
addEventListener("vite:preloadError", () => {
  if (Date.now() - stored("reloaded", 0) < 60_000) return;
  store("reloaded", Date.now());
  location.reload();
});

// Who signed out sees the sign-in page, and nothing of what was loaded before.
let known = currentSession()?.user?.id;
subscribe(() => {
  const id = currentSession()?.user?.id;
  if (known && !id) {
    queries.clear();
    void router.invalidate();
  }
  known = id;
});

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <TipProvider delayDuration={400}>
        <RouterProvider router={router} />
        <Toaster />
      </TipProvider>
    </QueryClientProvider>
  </StrictMode>,
);
