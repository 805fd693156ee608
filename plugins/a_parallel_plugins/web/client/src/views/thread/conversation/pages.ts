import type { Message } from "./types";

/** Messages of one request; more would be slow to draw, fewer would mean many requests. */
export const PAGE = 100;
/** Messages that are kept beside the newest ones. */
export const KEPT = 8 * PAGE;

/** Ids of the first and the last message that somebody looks at. */
export interface Reading {
  first: string;
  last: string;
}

/**
 * The part of a conversation that is in memory, oldest first.
 *
 * It is the newest messages, which events go on filling, and older ones around what is read. Both are bounded, so
 * there may be a gap between them; then only the older ones are shown, until they reach the newest again.
 */
export class Pages {
  older: string[] = [];
  newest: string[] = [];
  /** Messages between the older and the newest are not here. */
  gap = false;
  /** The server has messages before the first one. */
  hasOlder = false;
  /** What must not be let go of. */
  reading: Reading | null = null;
  readonly messages = new Map<string, Message>();
  /** Message of each tool call. */
  readonly callOwner = new Map<string, string>();

  /** What can be shown without a hole in it. */
  get ids(): string[] {
    return this.gap ? this.older : [...this.older, ...this.newest];
  }

  set(message: Message): void {
    this.messages.set(message.id, message);
    for (const call of message.toolCalls) this.callOwner.set(call.id, message.id);
  }

  /** Adds a message at the end, or replaces the one with its id. */
  append(message: Message): void {
    const known = this.messages.has(message.id);
    this.set(message);
    if (known) return;
    this.newest.push(message.id);
    if (this.newest.length <= 2 * PAGE) return;
    const aged = this.newest.splice(0, PAGE);
    if (this.gap) this.forget(aged);
    else this.older.push(...aged);
    this.shorten();
  }

  /** Adds what the server has before the message `before`, unless that is no longer the first one. */
  prepend(messages: Message[], before: string, hasMore: boolean): void {
    if (this.ids[0] !== before) return;
    this.older.unshift(...this.add(messages));
    this.hasOlder = hasMore;
    if (this.older.length <= KEPT) return;
    this.gap = true;
    this.forget(this.older.splice(KEPT));
  }

  /** Adds what the server has after the message `after`, unless that is no longer the last one before the gap. */
  follow(messages: Message[], after: string, hasMore: boolean): void {
    if (!this.gap || this.older.at(-1) !== after) return;
    const joint = messages.findIndex(({ id }) => this.newest.includes(id));
    this.older.push(...this.add(joint < 0 ? messages : messages.slice(0, joint)));
    this.gap = joint < 0 && hasMore;
    const spare = this.older.length - KEPT;
    if (spare > 0) this.forgetFirst(spare);
  }

  /** Goes to the beginning, which are these messages. */
  start(messages: Message[], hasMore: boolean): void {
    this.forget(this.older);
    const joint = messages.findIndex(({ id }) => this.newest.includes(id));
    this.older = this.add(joint < 0 ? messages : messages.slice(0, joint));
    this.gap = joint < 0 && hasMore;
    this.hasOlder = false;
  }

  /** Goes to the newest messages, and lets go of the others if they are not before them. */
  end(): void {
    if (!this.gap) return;
    this.forget(this.older);
    this.older = [];
    this.gap = false;
    this.hasOlder = true;
  }

  /** Lets go of what may have changed unseen, unless somebody reads there. */
  distrust(): void {
    if (this.gap || this.away || this.older.length === 0) return;
    this.forgetFirst(this.older.length);
  }

  /** Replaces the newest messages by what the server says they are. */
  replaceNewest(messages: Message[], hasMore: boolean): void {
    const known = [...this.older, ...this.newest];
    const at = known.indexOf(messages[0]?.id ?? "");
    if (at >= 0) {
      this.gap &&= at >= this.older.length;
      this.forget(known.slice(at));
      if (this.gap) this.forget(this.newest);
      else this.older = known.slice(0, at);
    } else if (this.gap || (known.length > 0 && messages.length > 0 && this.away)) {
      // Too much was missed, but somebody reads: that stays, and what was missed is the gap.
      if (this.gap) this.forget(this.newest);
      else this.older = known;
      this.gap = true;
    } else {
      this.forget(known);
      this.older = [];
      this.hasOlder = hasMore;
    }
    this.newest = this.add(messages);
    this.shorten();
  }

  /** Whether somebody reads elsewhere than at the end. */
  private get away(): boolean {
    const last = this.reading?.last ?? "";
    return this.messages.has(last) && last !== this.newest.at(-1);
  }

  private add(messages: Message[]): string[] {
    for (const message of messages) this.set(message);
    return messages.map(({ id }) => id);
  }

  private shorten(): void {
    const spare = this.older.length - KEPT;
    if (spare <= 0) return;
    const place = this.reading === null ? -1 : this.older.indexOf(this.reading.first);
    if (place < 0 || place >= spare + PAGE / 2) {
      this.forgetFirst(spare);
    } else {
      this.gap = true;
      this.forget(this.older.splice(KEPT));
    }
  }

  private forgetFirst(count: number): void {
    this.forget(this.older.splice(0, count));
    this.hasOlder = true;
  }

  private forget(ids: readonly string[]): void {
    for (const id of ids) {
      for (const call of this.messages.get(id)?.toolCalls ?? []) this.callOwner.delete(call.id);
      this.messages.delete(id);
    }
  }
}
