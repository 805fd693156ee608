import { describe, expect, it } from "vitest";
import { KEPT, PAGE, Pages } from "@/views/thread/conversation/pages";
import type { Message } from "@/views/thread/conversation/types";

function message(number: number, more: Partial<Message> = {}): Message {
  return { id: `m${number}`, role: "assistant", content: `text ${number}`, timestamp: "", toolCalls: [], ...more };
}

function range(from: number, to: number): Message[] {
  return Array.from({ length: to - from }, (_, index) => message(from + index));
}

describe("the pages of a conversation", () => {
  it("keeps the order of what is loaded and what comes", () => {
    const pages = new Pages();
    pages.replaceTail(range(100, 200));
    pages.prepend(range(0, 100), "m100");
    pages.append(message(200));
    expect(pages.ids).toEqual(range(0, 201).map(({ id }) => id));
  });

  it("does not repeat a message that is known", () => {
    const pages = new Pages();
    pages.replaceTail(range(0, 3));
    pages.append(message(2, { content: "longer" }));
    expect(pages.ids).toEqual(["m0", "m1", "m2"]);
    expect(pages.messages.get("m2")?.content).toBe("longer");
  });

  it("lets go of the messages of pages that nobody looks at, and can ask for them again", () => {
    const pages = new Pages();
    const count = KEPT + 4;
    pages.replaceTail(range(count * PAGE, (count + 1) * PAGE));
    for (let page = count - 1; page >= 0; page -= 1) {
      pages.prepend(range(page * PAGE, (page + 1) * PAGE), `m${(page + 1) * PAGE}`);
      pages.evict();
    }
    expect(pages.messages.size).toBe(KEPT * PAGE);
    expect(pages.ids).toHaveLength((count + 1) * PAGE);
    const [missing] = pages.missing([`m${(count - 1) * PAGE}`]);
    expect(missing?.before).toBe(`m${count * PAGE}`);
    expect(missing?.ids).toHaveLength(PAGE);
  });

  it("never lets go of the newest page, which events go on filling", () => {
    const pages = new Pages();
    pages.replaceTail([]);
    for (const one of range(0, PAGE * (KEPT + 5))) {
      pages.append(one);
      pages.evict();
    }
    expect(pages.messages.has(`m${PAGE * (KEPT + 5) - 1}`)).toBe(true);
    expect(pages.messages.size).toBeLessThanOrEqual(PAGE * (KEPT + 2));
    expect(pages.ids).toHaveLength(PAGE * (KEPT + 5));
  });

  it("replaces the end by what the server says, and keeps what is before", () => {
    const pages = new Pages();
    pages.replaceTail(range(0, 10));
    pages.replaceTail([message(8, { content: "new" }), message(9), message(10)]);
    expect(pages.ids).toEqual(range(0, 11).map(({ id }) => id));
    expect(pages.messages.get("m8")?.content).toBe("new");
  });

  it("starts anew when too much was missed", () => {
    const pages = new Pages();
    pages.replaceTail(range(0, 10));
    pages.replaceTail(range(500, 600));
    expect(pages.ids[0]).toBe("m500");
    expect(pages.messages.has("m1")).toBe(false);
  });
});
