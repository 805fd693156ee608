import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { type ConnectionState, live, type Topics } from "./socket";

/** Calls `handler` for each event of a topic while the component is shown. */
export function useTopic<Name extends keyof Topics>(
  name: Name,
  handler: (data: Topics[Name], threadId: string) => void,
): void {
  const latest = useEffectEvent(handler);
  useEffect(() => live.on(name, (data, threadId) => latest(data, threadId)), [name]);
}

export function useConnection(): ConnectionState {
  return useSyncExternalStore(
    (listener) => live.onState(listener),
    () => live.state,
  );
}
