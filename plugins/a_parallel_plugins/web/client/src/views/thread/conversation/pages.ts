import type { Message } from "./types";

/** Messages of one request; more would be slow to draw, fewer would mean many requests. */
export const PAGE = 100;
/** Pages whose messages are kept in memory; of the others only the ids are known. */
export const KEPT = 8;

/** A stretch of the conversation. Its messages can be asked for anew, since it knows what follows it. */
export interface Page {
  /** Id of the message after the last one of this page; null for the newest page. */
  before: string | null;
  ids: string[];
  loaded: boolean;
  used: number;
}

/**
 * The known part of a conversation, oldest first, without keeping all of it.
 *
 * 100,000 messages are 100,000 ids here, and the messages of a few pages.
 */
export class Pages {
  pages: Page[] = [];
  readonly messages = new Map<string, Message>();
  /** Message of each loaded tool call. */
  readonly callOwner = new Map<string, string>();
  private clock = 0;

  get ids(): string[] {
    return this.pages.flatMap((page) => page.ids);
  }

  get oldest(): string | undefined {
    return this.pages[0]?.ids[0];
  }

  get tail(): Page {
    const last = this.pages.at(-1);
    if (last) return last;
    const page: Page = { before: null, ids: [], loaded: true, used: this.tick() };
    this.pages.push(page);
    return page;
  }

  set(message: Message): void {
    this.messages.set(message.id, message);
    for (const call of message.toolCalls) this.callOwner.set(call.id, message.id);
  }

  has(id: string): boolean {
    return this.messages.has(id) || this.pages.some((page) => page.ids.includes(id));
  }

  /** Adds a message at the end, or replaces the one with its id. */
  append(message: Message): void {
    const known = this.has(message.id);
    this.set(message);
    if (known) return;
    const { tail } = this;
    tail.ids.push(message.id);
    if (tail.ids.length > 2 * PAGE) this.split(tail);
  }

  prepend(messages: Message[], before: string): void {
    for (const message of messages) this.set(message);
    this.pages.unshift({ before, ids: messages.map(({ id }) => id), loaded: true, used: this.tick() });
  }

  /** Replaces the end of the conversation by what the server says it is. */
  replaceTail(messages: Message[]): void {
    const first = messages[0]?.id;
    const ids = messages.map(({ id }) => id);
    const at = first === undefined ? -1 : this.pages.findIndex((page) => page.ids.includes(first));
    const joint = this.pages[at];
    if (first === undefined || joint === undefined) {
      this.pages = [{ before: null, ids, loaded: true, used: this.tick() }];
      this.messages.clear();
      this.callOwner.clear();
    } else {
      for (const page of this.pages.slice(at)) this.forget(page);
      const kept = joint.ids.slice(0, joint.ids.indexOf(first));
      this.pages = this.pages.slice(0, at);
      if (kept.length > 0) this.pages.push({ before: first, ids: kept, loaded: false, used: 0 });
      this.pages.push({ before: null, ids, loaded: true, used: this.tick() });
    }
    for (const message of messages) this.set(message);
  }

  remove(id: string): void {
    for (const page of this.pages) page.ids = page.ids.filter((one) => one !== id);
    this.messages.delete(id);
  }

  /** Returns the pages of `ids` that have to be loaded, and marks the others as used. */
  missing(ids: readonly string[]): Page[] {
    const wanted = new Set(ids);
    const found: Page[] = [];
    for (const page of this.pages) {
      if (!page.ids.some((id) => wanted.has(id))) continue;
      page.used = this.tick();
      if (!page.loaded) found.push(page);
    }
    return found;
  }

  fill(page: Page, messages: Message[]): void {
    for (const message of messages) this.set(message);
    page.loaded = true;
    page.used = this.tick();
  }

  /** Lets go of the messages that were not looked at for the longest time. */
  evict(): void {
    const loaded = this.pages.slice(0, -1).filter((page) => page.loaded);
    const spare = loaded.toSorted((a, b) => a.used - b.used).slice(0, Math.max(0, loaded.length + 1 - KEPT));
    for (const page of spare) {
      page.loaded = false;
      this.forget(page);
    }
  }

  private split(tail: Page): void {
    const next = tail.ids.splice(PAGE);
    tail.before = next[0] ?? null;
    this.pages.push({ before: null, ids: next, loaded: true, used: this.tick() });
  }

  private forget(page: Page): void {
    for (const id of page.ids) {
      for (const call of this.messages.get(id)?.toolCalls ?? []) this.callOwner.delete(call.id);
      this.messages.delete(id);
    }
  }

  private tick(): number {
    this.clock += 1;
    return this.clock;
  }
}
