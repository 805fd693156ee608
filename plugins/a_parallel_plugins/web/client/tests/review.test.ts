import { describe, expect, it } from "vitest";
import { anchorOf, type Comment, messageFor } from "@/views/review/comments";
import { changesOf, countLines, firstLines, hunksOf, splitPath } from "@/views/review/parse";

const DIFF = `diff --git "a/with \\"quotes\\" and spaces" "b/with \\"quotes\\" and spaces"
index 1..2 100644
--- "a/with \\"quotes\\" and spaces"
+++ "b/with \\"quotes\\" and spaces"
@@ -1,3 +1,4 @@ diff --git a/x b/y
 one
-two
+TWO
+--- two and a half
 three
@@ -10 +11 @@
-ten
+TEN
\\ No newline at end of file
`;

function comment(changes: Partial<Comment>): Comment {
  return { id: "1", path: "a.py", change: "I2", line: 2, kind: "insert", code: "TWO", text: "Why?", ...changes };
}

describe("a diff", () => {
  it("is taken apart whatever the file's name is", () => {
    const hunks = hunksOf(DIFF);
    expect(hunks).toHaveLength(2);
    expect(changesOf(hunks).map(({ type, content }) => `${type} ${content}`)).toEqual([
      "normal one",
      "delete two",
      "insert TWO",
      "insert --- two and a half",
      "normal three",
      "delete ten",
      "insert TEN",
    ]);
  });

  it("counts its lines and not its head", () => {
    expect(countLines(DIFF)).toEqual({ added: 3, deleted: 2 });
    expect(countLines("Binary files a/x and b/x differ\n")).toEqual({ added: 0, deleted: 0 });
  });

  it("has no hunks where there is no text", () => {
    expect(hunksOf("")).toEqual([]);
    expect(hunksOf("diff --git a/x b/y\nrename from x\nrename to y\n")).toEqual([]);
  });

  it("is shown in portions", () => {
    const hunks = hunksOf(DIFF);
    expect(changesOf(firstLines(hunks, 6)).at(-1)?.content).toBe("ten");
    expect(firstLines(hunks, 2)).toHaveLength(1);
    expect(changesOf(firstLines(hunks, 100))).toHaveLength(7);
  });
});

describe("a comment", () => {
  const changes = changesOf(hunksOf(DIFF));

  it("stays at its line when that has moved", () => {
    expect(anchorOf(comment({ line: 40 }), changes)).toBe(changes[2]);
  });

  it("goes to the nearest of lines that are alike", () => {
    const twice = changesOf(hunksOf("@@ -1,0 +1,1 @@\n+same\n@@ -9,0 +10,1 @@\n+same\n"));
    expect(anchorOf(comment({ code: "same", line: 9 }), twice)).toBe(twice[1]);
  });

  it("has no place once its line is gone", () => {
    expect(anchorOf(comment({ code: "gone" }), changes)).toBeNull();
    expect(anchorOf(comment({ kind: "delete" }), changes)).toBeNull();
  });

  it("reaches the agent with its file, line and code", () => {
    const message = messageFor([comment({}), comment({ kind: "delete", code: "two", line: 2, text: " Keep it. " })]);
    expect(message).toContain("`a.py`, line 2**\n```diff\n+TWO\n```\nWhy?");
    expect(message).toContain("line 2 (before the change)**\n```diff\n-two\n```\nKeep it.");
  });

  it("cannot break out of its code", () => {
    const message = messageFor([comment({ path: "a`b\nc", code: "```\n# Not a heading" })]);
    expect(message).toContain("``a`b c``");
    expect(message).toContain("````diff\n+```\n# Not a heading\n````");
  });
});

it("splits paths", () => {
  expect(splitPath("src/shop/cart.py")).toEqual(["src/shop/", "cart.py"]);
  expect(splitPath("README")).toEqual(["", "README"]);
});
