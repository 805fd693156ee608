import { call, api } from "@/api/client";
import { ApiError } from "@/api/errors";
import { live, type Topics } from "@/live/socket";
import { PAGE, Pages } from "./pages";
import type { Message, Thread, ToolCall, Waiting } from "./types";
import { waitingOf } from "./waiting";

/** Characters after which a text is cut; the rest comes on request. */
const CLIP = 24_000;
const NOTIFY_AT_LATEST = 250;
/** Messages before the end of what is loaded at which more is asked for. */
const NEAR = 8;
/** What fails to load is asked for again when somebody scrolls on. */
const ASKED_AGAIN = () => undefined;

export interface Snapshot {
  state: "loading" | "ready" | "error";
  error: unknown;
  thread: Thread | null;
  /** What is shown. */
  ids: string[];
  /** The newest messages; they are shown unless `hasNewer`. */
  newest: string[];
  hasOlder: boolean;
  /** There are messages after those that are shown. */
  hasNewer: boolean;
  loadingOlder: boolean;
  loadingNewer: boolean;
  /** Where the reader is taken; a new object each time. */
  jump: { to: "start" | "end" } | null;
  waiting: Waiting | null;
  /** Milliseconds of the last run, where this page has seen it end. */
  duration: number | null;
  thinking: ReadonlyMap<string, string>;
  /** Grows with every change, also of messages. */
  version: number;
}

/**
 * The conversation of one thread: what the server has, what events add, and what is on its way.
 *
 * Events that come while the end of the conversation is being loaded are applied again on top of it.
 */
export class Conversation {
  private readonly pages = new Pages();
  private readonly listeners = new Set<() => void>();
  private readonly stops: (() => void)[] = [];
  private readonly outgoing = new Map<string, Message>();
  private replay: (() => void)[] | null = null;
  private again = false;
  /** Waits for the messages that it leads to. */
  private nextJump: Snapshot["jump"] = null;
  private frame: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  snapshot: Snapshot = {
    state: "loading",
    error: null,
    thread: null,
    ids: [],
    newest: [],
    hasOlder: false,
    hasNewer: false,
    loadingOlder: false,
    loadingNewer: false,
    jump: null,
    waiting: null,
    duration: null,
    thinking: new Map(),
    version: 0,
  };

  constructor(readonly threadId: string) {}

  message(id: string): Message | undefined {
    return this.outgoing.get(id) ?? this.pages.messages.get(id);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Loads the end of the conversation and follows it until `close`. */
  open(): void {
    const mine = (action: () => void) => (threadId: string) => {
      if (threadId !== this.threadId) return;
      action();
      this.replay?.push(action);
      this.changed();
    };
    this.stops.push(
      live.on("agent:message", (data, id) => mine(() => this.receive(data.messageId, data.content))(id)),
      live.on("agent:tool_call", (data, id) =>
        mine(() => this.called(data.toolCallId, data.messageId, data.name, data.input))(id),
      ),
      live.on("agent:tool_output", (data, id) => mine(() => this.returned(data.toolCallId, data.output))(id)),
      live.on("threads:message", (data, id) => mine(() => this.written(data))(id)),
      live.on("threads:row", ({ thread }, id) => {
        if (id === this.threadId) this.update(thread ? { thread } : { error: new ApiError(404, "") });
      }),
      live.on("agent:status", (data, id) => {
        mine(() => this.waits(data.status, data.waitingReason, data.permissionRequest?.toolName))(id);
        if (id === this.threadId && data.status === "running") this.refresh();
      }),
      live.on("agent:result", (data, id) => {
        if (id !== this.threadId) return;
        mine(() => this.waits(data.status, data.waitingReason, data.permissionRequest?.toolName))(id);
        this.update({ duration: data.duration });
        this.refresh();
      }),
    );
    this.refresh();
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop();
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }

  /** Loads the end of the conversation anew; one load at a time, and one more if it was asked for meanwhile. */
  readonly refresh = (): void => {
    if (this.replay) {
      this.again = true;
      return;
    }
    this.replay = [];
    const confirmed = [...this.outgoing.values()].filter((message) => message.sending === undefined);
    void this.ask({ limit: PAGE, clip: CLIP })
      .then(
        ({ messages, hasMore, ...thread }) => this.arrived(thread, messages as Message[], hasMore ?? false, confirmed),
        (error: unknown) => this.failed(error),
      )
      .finally(() => {
        this.replay = null;
        if (!this.again) return;
        this.again = false;
        this.refresh();
      });
  };

  /** Loads it anew after events may have been missed. */
  readonly reconnected = (): void => {
    this.pages.distrust();
    this.refresh();
  };

  /** Notes which messages somebody looks at, and loads what comes next. */
  readonly seen = (ids: readonly string[], first: number, last: number): void => {
    this.pages.reading = { first: ids[first] ?? "", last: ids[last] ?? "" };
    if (first < NEAR) this.loadOlder();
    if (last >= ids.length - NEAR) this.loadNewer();
  };

  /** Goes to the first message. */
  async toStart(): Promise<void> {
    if (this.pages.hasOlder) {
      this.update({ loadingOlder: true });
      try {
        const { messages, hasMore } = await this.ask({ limit: PAGE, clip: CLIP, after: "" });
        this.pages.start(messages as Message[], hasMore ?? false);
        this.think(messages as Message[]);
      } finally {
        this.update({ loadingOlder: false });
      }
    }
    this.jump({ to: "start" });
  }

  /** Goes to the newest message. */
  readonly toEnd = (): void => {
    this.pages.end();
    this.jump({ to: "end" });
  };

  /** Loads a message whole that came clipped. */
  async loadWhole(id: string): Promise<void> {
    const { ids } = this.pages;
    const at = ids.indexOf(id);
    const [previous, next] = [ids[at - 1], ids[at + 1]];
    const place = previous ? { after: previous } : next ? { before: next } : {};
    const { messages } = await this.ask({ limit: 1, ...place });
    const [message] = messages as Message[];
    if (message?.id === id) this.pages.set(message);
    this.changed();
  }

  /** Shows a message that is being sent. */
  outbox(message: Message): void {
    this.outgoing.set(message.id, message);
    if (message.sending === "sending") this.toEnd();
    else this.refresh();
    this.changed();
  }

  discard(id: string): void {
    this.outgoing.delete(id);
    this.changed();
  }

  answered(): void {
    this.update({ waiting: null });
  }

  private arrived(thread: Omit<Thread, never>, messages: Message[], hasMore: boolean, confirmed: Message[]): void {
    for (const { id } of confirmed) this.outgoing.delete(id);
    this.pages.replaceNewest(messages, hasMore);
    const waiting = thread.status === "waiting" ? (this.snapshot.waiting ?? waitingOf(messages)) : null;
    this.update({ state: "ready", error: null, thread, waiting });
    const replay = this.replay ?? [];
    for (const action of replay) action();
    this.think(messages);
  }

  private failed(error: unknown): void {
    this.update(this.snapshot.state === "ready" ? {} : { state: "error", error });
  }

  private loadOlder(): void {
    const [oldest] = this.pages.ids;
    if (!this.pages.hasOlder || this.snapshot.loadingOlder || oldest === undefined) return;
    this.update({ loadingOlder: true });
    const loaded = this.ask({ limit: PAGE, clip: CLIP, before: oldest }).then(({ messages, hasMore }) => {
      this.pages.prepend(messages as Message[], oldest, hasMore ?? false);
      this.think(messages as Message[]);
    });
    void loaded.catch(ASKED_AGAIN).finally(() => this.update({ loadingOlder: false }));
  }

  private loadNewer(): void {
    const last = this.pages.ids.at(-1);
    if (!this.pages.gap || this.snapshot.loadingNewer || last === undefined) return;
    this.update({ loadingNewer: true });
    const loaded = this.ask({ limit: PAGE, clip: CLIP, after: last }).then(({ messages, hasMore }) => {
      this.pages.follow(messages as Message[], last, hasMore ?? false);
      this.think(messages as Message[]);
    });
    void loaded.catch(ASKED_AGAIN).finally(() => this.update({ loadingNewer: false }));
  }

  private receive(id: string, content: string): void {
    const known = this.pages.messages.get(id);
    if (known) this.pages.set({ ...known, content, clipped: false });
    else this.pages.append({ id, role: "assistant", content, timestamp: new Date().toISOString(), toolCalls: [] });
  }

  /** Shows what a person wrote in another page; what this page sent comes with the load that follows the answer. */
  private written({ messageId, images, ...message }: Topics["threads:message"]): void {
    const mine = [...this.outgoing.values()].some(({ sending }) => sending !== "failed");
    if (mine || this.pages.messages.has(messageId)) return;
    if (images > 0) this.refresh();
    else this.pages.append({ id: messageId, toolCalls: [], ...message });
  }

  private called(id: string, messageId: string, name: string, input: unknown): void {
    if (this.pages.callOwner.has(id)) return;
    if (!this.pages.messages.has(messageId)) this.receive(messageId, "");
    const message = this.pages.messages.get(messageId);
    const fresh: ToolCall = { id, messageId, name, input: JSON.stringify(input), output: null };
    if (message) this.pages.set({ ...message, toolCalls: [...message.toolCalls, fresh] });
  }

  private returned(id: string, output: string): void {
    const message = this.pages.messages.get(this.pages.callOwner.get(id) ?? "");
    if (!message) return;
    const toolCalls = message.toolCalls.map((one) => (one.id === id ? { ...one, output } : one));
    this.pages.set({ ...message, toolCalls });
  }

  private waits(status: string, reason: Waiting["reason"] | undefined | null, toolName: string | undefined): void {
    if (status !== "waiting") this.update({ waiting: null });
    else if (reason) this.update({ waiting: { reason, toolName } });
    else this.refresh();
  }

  private think(messages: Message[]): void {
    const ids = messages.filter(({ role }) => role === "assistant").map(({ id }) => id);
    if (ids.length === 0) return;
    const params = { path: { thread: this.threadId }, query: { messages: ids.join(",") } };
    void call(api.GET("/api/threads/{thread}/thinking", { params })).then(
      (found) => {
        if (Object.keys(found).length === 0) return;
        const all = [...this.snapshot.thinking, ...Object.entries(found)];
        this.update({ thinking: new Map(all.filter(([id]) => this.pages.messages.has(id))) });
      },
      () => undefined, // a conversation without its thinking is still one
    );
  }

  private ask(query: { limit: number; clip?: number; before?: string; after?: string }) {
    return call(api.GET("/api/threads/{thread}", { params: { path: { thread: this.threadId }, query } }));
  }

  private jump(to: Snapshot["jump"]): void {
    this.nextJump = to;
    this.changed();
  }

  private update(changes: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...changes };
    this.changed();
  }

  /** Tells the listeners once for each frame; a page in the background has no frames. */
  private changed(): void {
    if (this.timer !== undefined) return;
    const tell = () => {
      clearTimeout(this.timer);
      if (this.frame !== undefined) cancelAnimationFrame(this.frame);
      this.timer = this.frame = undefined;
      const { gap: hasNewer, hasOlder } = this.pages;
      const newest = [...this.pages.newest, ...this.outgoing.keys()];
      const ids = hasNewer ? this.pages.ids : [...this.pages.older, ...newest];
      const [jump, version] = [this.nextJump ?? this.snapshot.jump, this.snapshot.version + 1];
      this.nextJump = null;
      this.snapshot = { ...this.snapshot, ids, newest, hasOlder, hasNewer, jump, version };
      for (const listener of this.listeners) listener();
    };
    this.frame = requestAnimationFrame(tell);
    this.timer = setTimeout(tell, NOTIFY_AT_LATEST);
  }
}
