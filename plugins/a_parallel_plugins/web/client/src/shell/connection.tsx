import { CloudOff, LoaderCircle } from "lucide-react";
import { useEffect, useState } from "react";
import { text } from "@/i18n";
import { useConnection } from "@/live/hooks";
import { type ConnectionState, live } from "@/live/socket";

const PATIENCE = 1200;

/** Shown only while the connection is down for more than a moment. */
export function ConnectionNotice() {
  const state = useConnection();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    setShown(false);
    if (state === "live") return;
    const timer = setTimeout(() => setShown(true), PATIENCE);
    return () => clearTimeout(timer);
  }, [state]);
  if (!shown) return null;
  const lost = state === "lost";
  return (
    <div role="status" className="flex items-center justify-center gap-2 bg-warning-soft px-3 py-1 text-xs text-warning">
      {lost ? <CloudOff className="size-3.5" /> : <LoaderCircle className="size-3.5 animate-spin" />}
      {lost ? text.shell.connectionLost : text.shell.connecting}
      {lost ? (
        <button type="button" className="font-medium underline underline-offset-2" onClick={live.retryNow}>
          {text.shell.reconnect}
        </button>
      ) : null}
    </div>
  );
}

export function connectionText(state: ConnectionState): string {
  if (state === "live") return text.shell.connectionLive;
  return state === "lost" ? text.shell.offline : text.shell.connecting;
}

/** A dot that always tells the state of the connection. */
export function ConnectionDot() {
  const state = useConnection();
  const label = connectionText(state);
  return (
    <span role="img" aria-label={label} title={label} className="relative grid size-4 place-items-center" data-connection={state}>
      <span className={`size-2 rounded-full ${state === "live" ? "bg-success" : "animate-pulse bg-warning"}`} />
    </span>
  );
}
