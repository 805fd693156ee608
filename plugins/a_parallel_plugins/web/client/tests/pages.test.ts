import { describe, expect, it } from "vitest";
import { KEPT, PAGE, Pages } from "@/views/thread/conversation/pages";
import type { Message } from "@/views/thread/conversation/types";

const MOST = KEPT + 3 * PAGE;
const TOTAL = KEPT + 20 * PAGE;

function message(number: number, more: Partial<Message> = {}): Message {
  return { id: `m${number}`, role: "assistant", content: `text ${number}`, timestamp: "", toolCalls: [], ...more };
}

function range(from: number, to: number): Message[] {
  return Array.from({ length: to - from }, (_, index) => message(from + index));
}

function ids(from: number, to: number): string[] {
  return range(from, to).map(({ id }) => id);
}

/** Everything that is shown is in memory, and there is not more of it than is allowed. */
function sound(pages: Pages): void {
  expect(pages.ids.filter((id) => !pages.messages.has(id))).toEqual([]);
  expect(pages.messages.size).toBe(pages.older.length + pages.newest.length);
  expect(pages.messages.size).toBeLessThanOrEqual(MOST);
}

/** Somebody looks at these messages. */
function look(pages: Pages, first: number, last: number): void {
  pages.reading = { first: `m${first}`, last: `m${last}` };
}

/** A conversation in which somebody has scrolled up to the first message. */
function scrolledUp(): Pages {
  const pages = new Pages();
  pages.replaceNewest(range(TOTAL - PAGE, TOTAL), true);
  for (let first = TOTAL - PAGE; first > 0; first -= PAGE) {
    look(pages, first, first + 10);
    pages.prepend(range(first - PAGE, first), `m${first}`, first > PAGE);
    sound(pages);
  }
  look(pages, 0, 10);
  return pages;
}

describe("the pages of a conversation", () => {
  it("keeps the order of what is loaded and what comes", () => {
    const pages = new Pages();
    pages.replaceNewest(range(100, 200), true);
    pages.prepend(range(0, 100), "m100", false);
    pages.append(message(200));
    expect(pages.ids).toEqual(ids(0, 201));
    expect(pages.hasOlder).toBe(false);
  });

  it("does not repeat a message that is known", () => {
    const pages = new Pages();
    pages.replaceNewest(range(0, 3), false);
    pages.append(message(2, { content: "longer" }));
    expect(pages.ids).toEqual(["m0", "m1", "m2"]);
    expect(pages.messages.get("m2")?.content).toBe("longer");
  });

  it("lets go of what was passed on the way up, but never of the newest messages", () => {
    const pages = scrolledUp();
    expect(pages.gap).toBe(true);
    expect(pages.ids).toEqual(ids(0, KEPT));
    expect(pages.newest).toEqual(ids(TOTAL - PAGE, TOTAL));
    pages.append(message(TOTAL));
    expect(pages.ids).toEqual(ids(0, KEPT));
    expect(pages.messages.has(`m${TOTAL}`)).toBe(true);
  });

  it("leads down again without a hole until the newest messages are reached", () => {
    const pages = scrolledUp();
    let last = KEPT - 1;
    while (pages.gap) {
      look(pages, last - 10, last);
      pages.follow(range(last + 1, last + 1 + PAGE), `m${last}`, true);
      sound(pages);
      last += PAGE;
    }
    expect(pages.ids.at(-1)).toBe(`m${TOTAL - 1}`);
    expect(pages.ids).toEqual(ids(TOTAL - pages.ids.length, TOTAL));
    expect(pages.hasOlder).toBe(true);
  });

  it("jumps to both ends", () => {
    const pages = new Pages();
    pages.replaceNewest(range(TOTAL - PAGE, TOTAL), true);
    pages.start(range(0, PAGE), true);
    expect([pages.ids, pages.hasOlder, pages.gap]).toEqual([ids(0, PAGE), false, true]);
    pages.end();
    expect([pages.ids, pages.hasOlder, pages.gap]).toEqual([ids(TOTAL - PAGE, TOTAL), true, false]);
    sound(pages);
  });

  it("joins the beginning of a short conversation with its newest messages", () => {
    const pages = new Pages();
    pages.replaceNewest(range(50, 150), true);
    pages.start(range(0, PAGE), true);
    expect([pages.ids, pages.hasOlder, pages.gap]).toEqual([ids(0, 150), false, false]);
    sound(pages);
  });

  it("ignores a page that was asked for before a jump", () => {
    const pages = scrolledUp();
    pages.end();
    pages.prepend(range(0, PAGE), "m100", false);
    pages.follow(range(KEPT, KEPT + PAGE), `m${KEPT - 1}`, true);
    expect(pages.ids).toEqual(ids(TOTAL - PAGE, TOTAL));
  });

  it("stays small however much comes, and keeps what somebody reads", () => {
    const pages = new Pages();
    pages.replaceNewest([], false);
    for (const one of range(0, TOTAL)) {
      pages.append(one);
      sound(pages);
    }
    expect(pages.ids).toEqual(ids(TOTAL - pages.ids.length, TOTAL));
    const first = Number(pages.ids[0]?.slice(1));
    look(pages, first, first + 10);
    for (const one of range(TOTAL, 2 * TOTAL)) {
      pages.append(one);
      sound(pages);
    }
    expect(pages.ids.slice(0, 11)).toEqual(ids(first, first + 11));
    expect(pages.newest.at(-1)).toBe(`m${2 * TOTAL - 1}`);
  });

  it("replaces the end by what the server says, and keeps what is before", () => {
    const pages = new Pages();
    pages.replaceNewest(range(0, 10), false);
    pages.replaceNewest([message(8, { content: "new" }), message(9), message(10)], true);
    expect(pages.ids).toEqual(ids(0, 11));
    expect(pages.messages.get("m8")?.content).toBe("new");
    expect(pages.hasOlder).toBe(false);
    sound(pages);
  });

  it("starts anew when too much was missed", () => {
    const pages = new Pages();
    pages.replaceNewest(range(0, 10), false);
    pages.replaceNewest(range(500, 600), true);
    expect([pages.ids[0], pages.hasOlder]).toEqual(["m500", true]);
    expect(pages.messages.has("m1")).toBe(false);
  });

  it("leaves what somebody reads in place when too much was missed", () => {
    const pages = new Pages();
    pages.replaceNewest(range(0, 100), false);
    look(pages, 3, 20);
    pages.replaceNewest(range(500, 600), true);
    expect([pages.ids, pages.gap, pages.hasOlder]).toEqual([ids(0, 100), true, false]);
    pages.replaceNewest(range(550, 650), true);
    expect([pages.ids, pages.newest]).toEqual([ids(0, 100), ids(550, 650)]);
    sound(pages);
  });
});
