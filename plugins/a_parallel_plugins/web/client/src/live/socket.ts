import { bearer, currentSession, signedOut } from "@/api/session";
import type { components } from "@/api/schema";

/** The topics of the socket with what each brings: `Topics["agent:message"]`. */
export type Topics = components["schemas"]["Topics"];

export type ConnectionState = "connecting" | "live" | "lost";

type Handler<Name extends keyof Topics> = (data: Topics[Name], threadId: string) => void;

interface Frame {
  type: string;
  threadId?: string;
  data?: unknown;
  seq?: number;
}

/** Topics that the server sends only to those who ask. */
const ALSO = ["threads:message", "threads:row"] satisfies (keyof Topics)[];
const RETRY_FIRST = 500;
const RETRY_MOST = 15_000;
/** Milliseconds in the background after which a connection is not believed to be alive: phones drop it silently. */
const ASLEEP = 20_000;

/**
 * The page's one connection to the server (`websocket.md`).
 *
 * It asks for what it missed with `since=`; where the server cannot say, `onGap` is called, and whoever holds
 * data loads it anew.
 */
export class LiveSocket {
  state: ConnectionState = "connecting";
  /** Called when events may have been missed. */
  onGap: () => void = () => undefined;

  private socket: WebSocket | null = null;
  private seq: number | null = null;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hiddenAt: number | null = null;
  private wanted = false;
  private opened = false;
  private readonly handlers = new Map<string, Set<(data: never, threadId: string) => void>>();
  private readonly stateListeners = new Set<() => void>();

  /** Connects, and stays connected until `stop`. */
  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    addEventListener("online", this.retryNow);
    document.addEventListener("visibilitychange", this.visibilityChanged);
    this.connect();
  }

  stop(): void {
    this.wanted = false;
    clearTimeout(this.timer);
    removeEventListener("online", this.retryNow);
    document.removeEventListener("visibilitychange", this.visibilityChanged);
    this.drop();
    this.seq = null;
    this.opened = false;
  }

  /** Calls `handler` for each event of a topic; returns how to stop that. */
  on<Name extends keyof Topics>(name: Name, handler: Handler<Name>): () => void {
    const all = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, all);
    all.add(handler as never);
    return () => all.delete(handler as never);
  }

  /** Like `on`, for topics that the server's document does not know, such as those of other people's plugins. */
  onAny(name: string, handler: (data: unknown, threadId: string) => void): () => void {
    return this.on(name as keyof Topics, handler as never);
  }

  /** Sends a message and tells whether the connection was open. */
  send(type: string, data: object): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify({ type, data }));
    return true;
  }

  onState(listener: () => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  readonly retryNow = (): void => {
    if (!this.wanted || this.state === "live") return;
    this.attempts = 0;
    this.connect();
  };

  private readonly visibilityChanged = (): void => {
    if (document.hidden) {
      this.hiddenAt = Date.now();
      return;
    }
    const asleep = this.hiddenAt !== null && Date.now() - this.hiddenAt > ASLEEP;
    this.hiddenAt = null;
    if (asleep && this.wanted) {
      this.attempts = 0;
      this.connect();
    } else {
      this.retryNow();
    }
  };

  private connect(): void {
    clearTimeout(this.timer);
    this.drop();
    this.become(this.opened ? "lost" : "connecting");
    const socket = new WebSocket(this.address());
    this.socket = socket;
    socket.onopen = () => {
      this.attempts = 0;
      const missed = this.opened && this.seq === null;
      this.opened = true;
      this.become("live");
      if (missed) this.onGap();
    };
    socket.onmessage = (message: MessageEvent<string>) => this.receive(message.data);
    socket.onclose = (close) => this.closed(close.code);
  }

  private address(): string {
    const query = new URLSearchParams({ since: this.seq === null ? "latest" : String(this.seq), also: ALSO.join(",") });
    const token = bearer();
    if (token) query.set("token", token);
    return `${location.origin.replace(/^http/, "ws")}/ws?${query}`;
  }

  private drop(): void {
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  private closed(code: number): void {
    this.socket = null;
    this.become("lost");
    if ((code === 4001 || code === 1008) && currentSession()?.mode === "multi") {
      signedOut();
      return;
    }
    if (!this.wanted) return;
    const delay = Math.min(RETRY_MOST, RETRY_FIRST * 2 ** this.attempts) * (0.75 + Math.random() / 2);
    this.attempts += 1;
    this.timer = setTimeout(() => this.connect(), delay);
  }

  private receive(text: string): void {
    const frame = JSON.parse(text) as Frame;
    // Growing texts are held back and come with a lower number than what overtook them.
    if (typeof frame.seq === "number") this.seq = Math.max(this.seq ?? 0, frame.seq);
    if (frame.type === "sync:ready" || frame.type === "sync:reset") {
      const data = frame.data as { seq?: number } | undefined;
      if (typeof data?.seq === "number") this.seq = data.seq;
      if (frame.type === "sync:reset") this.onGap();
      return;
    }
    for (const handler of this.handlers.get(frame.type) ?? []) handler(frame.data as never, frame.threadId ?? "");
  }

  private become(state: ConnectionState): void {
    if (this.state === state) return;
    this.state = state;
    for (const listener of this.stateListeners) listener();
  }
}

export const live = new LiveSocket();
