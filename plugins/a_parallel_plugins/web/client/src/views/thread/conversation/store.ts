import { call, api } from "@/api/client";
import { live, type Topics } from "@/live/socket";
import { type Page, PAGE, Pages } from "./pages";
import type { Message, Thread, ToolCall, Waiting } from "./types";
import { waitingOf } from "./waiting";

/** Characters after which a text is cut; the rest comes on request. */
const CLIP = 24_000;
const NOTIFY_AT_LATEST = 250;

export interface Snapshot {
  state: "loading" | "ready" | "error";
  error: unknown;
  thread: Thread | null;
  ids: string[];
  hasOlder: boolean;
  loadingOlder: boolean;
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
  private frame: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  snapshot: Snapshot = {
    state: "loading",
    error: null,
    thread: null,
    ids: [],
    hasOlder: false,
    loadingOlder: false,
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
      live.on("agent:status", (data, id) => {
        if (id !== this.threadId) return;
        this.waits(data.status, data.waitingReason, data.permissionRequest?.toolName);
        if (data.status === "running") this.refresh();
      }),
      live.on("agent:result", (data, id) => {
        if (id !== this.threadId) return;
        this.waits(data.status, data.waitingReason, data.permissionRequest?.toolName);
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
    void this.fetch(null, PAGE)
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

  readonly loadOlder = (): void => {
    const { oldest } = this.pages;
    if (!this.snapshot.hasOlder || this.snapshot.loadingOlder || oldest === undefined) return;
    this.update({ loadingOlder: true });
    void this.fetch(oldest, PAGE)
      .then(({ messages, hasMore }) => {
        this.pages.prepend(messages as Message[], oldest);
        this.pages.evict();
        this.update({ hasOlder: hasMore ?? false });
        this.think(messages as Message[]);
      })
      .finally(() => this.update({ loadingOlder: false }));
  };

  /** Makes sure that messages which are shown are in memory. */
  readonly need = (ids: readonly string[]): void => {
    for (const page of this.pages.missing(ids)) void this.reload(page);
  };

  /** Loads a message whole that came clipped. */
  async loadWhole(id: string): Promise<void> {
    const { ids } = this.pages;
    const before = ids[ids.indexOf(id) + 1];
    const query = before === undefined ? { limit: 1 } : { limit: 1, before };
    const { messages } = await this.ask(query);
    const [message] = messages as Message[];
    if (message?.id === id) this.pages.set(message);
    this.changed();
  }

  /** Shows a message that is being sent. */
  outbox(message: Message): void {
    this.outgoing.set(message.id, message);
    if (message.sending !== "sending") this.refresh();
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
    const known = this.pages.pages.length > 0;
    const first = messages[0]?.id;
    const joined = known && first !== undefined && this.pages.pages.some((page) => page.ids.includes(first));
    for (const { id } of confirmed) this.outgoing.delete(id);
    this.pages.replaceTail(messages);
    const replay = this.replay ?? [];
    for (const action of replay) action();
    this.update({
      state: "ready",
      error: null,
      thread,
      hasOlder: joined ? this.snapshot.hasOlder : hasMore,
      waiting: thread.status === "waiting" ? (this.snapshot.waiting ?? waitingOf(messages)) : null,
    });
    this.think(messages);
  }

  private failed(error: unknown): void {
    this.update(this.snapshot.state === "ready" ? {} : { state: "error", error });
  }

  private async reload(page: Page): Promise<void> {
    page.loaded = true; // so that it is asked for once
    try {
      const { messages } = await this.fetch(page.before, page.ids.length);
      this.pages.fill(page, messages as Message[]);
      this.pages.evict();
    } catch {
      page.loaded = false;
    }
    this.changed();
  }

  private receive(id: string, content: string): void {
    const known = this.pages.messages.get(id);
    if (known) this.pages.set({ ...known, content, clipped: false });
    else this.pages.append({ id, role: "assistant", content, timestamp: new Date().toISOString(), toolCalls: [] });
  }

  /** Shows what a person wrote in another page; what this page sent comes with the load that follows the answer. */
  private written({ messageId, images, ...message }: Topics["threads:message"]): void {
    const mine = [...this.outgoing.values()].some(({ sending }) => sending !== "failed");
    if (mine || this.pages.has(messageId)) return;
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
        this.update({ thinking: new Map([...this.snapshot.thinking, ...Object.entries(found)]) });
      },
      () => undefined, // a conversation without its thinking is still one
    );
  }

  private fetch(before: string | null, limit: number) {
    return this.ask(before === null ? { limit, clip: CLIP } : { limit, clip: CLIP, before });
  }

  private ask(query: { limit: number; clip?: number; before?: string }) {
    return call(api.GET("/api/threads/{thread}", { params: { path: { thread: this.threadId }, query } }));
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
      const ids = [...this.pages.ids, ...this.outgoing.keys()];
      this.snapshot = { ...this.snapshot, ids, version: this.snapshot.version + 1 };
      for (const listener of this.listeners) listener();
    };
    this.frame = requestAnimationFrame(tell);
    this.timer = setTimeout(tell, NOTIFY_AT_LATEST);
  }
}
