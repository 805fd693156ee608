import { useEffect, useRef, useState } from "react";
import { api, call } from "@/api/client";
import { reloadServers } from "@/data/mcp";
import { text } from "@/i18n";
import { toast } from "@/ui/toast";

const CLOSED_EVERY = 500;

interface Finished {
  type: "mcp-oauth-callback";
  success: boolean;
  error: string | null;
}

/** Signs in at an MCP server in a window of its own, which tells this page how it went (`http-features.md` §1.6). */
export function useSignIn(projectPath: string): { busy: boolean; start: (serverName: string) => void } {
  const [busy, setBusy] = useState(false);
  const end = useRef<() => void>(undefined);
  useEffect(() => () => end.current?.(), []);

  const start = async (serverName: string) => {
    // Opened at once, while the browser still sees the click; the address comes later.
    const popup = window.open("about:blank", "mcp-sign-in", "width=600,height=700");
    if (!popup) return toast.error(new Error(text.mcp.popupBlocked), text.mcp.signInFailed);
    setBusy(true);
    end.current = follow(popup, () => setBusy(false));
    try {
      const { authUrl } = await call(api.POST("/api/mcp/oauth/start", { body: { serverName, projectPath } }));
      if (!/^https?:/i.test(authUrl)) throw new Error(authUrl);
      popup.location.href = authUrl;
    } catch (error) {
      end.current();
      popup.close();
      toast.error(error, text.mcp.signInFailed);
    }
  };
  return { busy, start: (serverName) => void start(serverName) };
}

/** Waits for the window's message or its end; returns what stops the waiting. */
function follow(popup: Window, ended: () => void): () => void {
  const finish = () => {
    removeEventListener("message", listen);
    clearInterval(timer);
    ended();
  };
  const listen = (event: MessageEvent<Finished | undefined>) => {
    if (event.source !== popup || event.data?.type !== "mcp-oauth-callback") return;
    finish();
    if (event.data.success) toast.success(text.mcp.signedIn);
    else toast.error(new Error(event.data.error ?? text.common.failed), text.mcp.signInFailed);
    void reloadServers();
  };
  const timer = setInterval(() => {
    if (!popup.closed) return;
    finish();
    void reloadServers();
  }, CLOSED_EVERY);
  addEventListener("message", listen);
  return finish;
}
