import { describe, expect, it } from "vitest";
import { addressIn } from "@/views/commands/address";
import { after, append, fromAnswer, IDLE } from "@/views/commands/outputs";

describe("the address that a program serves at", () => {
  it.each([
    ["  \x1b[32m➜\x1b[0m  Local: \x1b[36mhttp://localhost:\x1b[1m5173\x1b[22m/\x1b[0m\n", "http://localhost:5173/"],
    ["Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)", "http://127.0.0.1:8000/"],
    ["serving at http://0.0.0.0:8080/docs", "http://localhost:8080/docs"],
    ["Server listening on port 3000", "http://localhost:3000/"],
    ["Started server on :4000", "http://localhost:4000/"],
  ])("is found in %j", (output, expected) => {
    expect(addressIn(output, "localhost")).toBe(expected);
  });

  it("is that of the machine for who comes from elsewhere", () => {
    expect(addressIn("http://localhost:5173/", "mini.local")).toBe("http://mini.local:5173/");
  });

  it.each(["", "see http://example.org/", "took 3000 ms", "http://localhost:99999/", "javascript:alert(1)"])("is not found in %j", (output) => {
    expect(addressIn(output, "localhost")).toBeNull();
  });

  it("can be told by the command itself", () => {
    expect(addressIn("", "localhost", 8080)).toBe("http://localhost:8080/");
    expect(addressIn("", "localhost", "none")).toBeNull();
  });
});

describe("the output of a command", () => {
  const printed = (index: number, data: string) =>
    ({ kind: "output", data: { commandId: "c", channel: "stdout", data, index } }) as const;
  const status = (name: "running" | "exited" | "stopped", exitCode?: number) =>
    ({ kind: "status", data: { commandId: "c", projectId: "p", label: "Run", status: name, exitCode } }) as const;

  it("takes nothing twice that was loaded with it", () => {
    const loaded = fromAnswer({ running: true, data: "one\ntwo\n", cut: false, next: 2 });
    const end = [printed(0, "one\n"), printed(1, "two\n"), printed(2, "three\n")].reduce(after, loaded);
    expect(end.pieces.join("")).toBe("one\ntwo\nthree\n");
  });

  it("begins anew with each start and tells how it ended", () => {
    const end = [printed(0, "old"), status("running"), printed(0, "new"), status("exited", 3)].reduce(after, IDLE);
    expect(end).toMatchObject({ running: false, exitCode: 3, stopped: false });
    expect(end.pieces).toEqual(["new"]);
    expect(after({ ...IDLE, running: true }, status("stopped"))).toMatchObject({ running: false, stopped: true });
  });

  it("is kept within bounds, in pieces of whole lines", () => {
    let output = IDLE;
    for (let line = 0; line < 40_000; line += 1) output = append(output, `this is line ${line}\n`);
    expect(output.cut).toBe(true);
    expect(output.pieces.length).toBeLessThanOrEqual(40);
    expect(output.pieces.join("").length).toBeLessThan(400_000);
    expect(output.pieces.join("")).toContain("this is line 39999\n");
    expect(output.pieces.slice(0, -1).every((piece) => piece.endsWith("\n"))).toBe(true);
  });
});
