import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveSocket } from "@/live/socket";

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    return FakeSocket.all.at(-1) as FakeSocket;
  }

  get since(): string | null {
    return new URL(this.url).searchParams.get("since");
  }

  open() {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  receive(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  send(text: string) {
    this.sent.push(text);
  }

  close(code = 1006) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

describe("the live connection", () => {
  let socket: LiveSocket;
  const gap = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", FakeSocket);
    FakeSocket.all = [];
    gap.mockClear();
    socket = new LiveSocket();
    socket.onGap = gap;
    socket.start();
  });

  afterEach(() => {
    socket.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("asks for the newest number first, and after a break for what it missed", () => {
    expect(FakeSocket.last.since).toBe("latest");
    FakeSocket.last.open();
    FakeSocket.last.receive({ type: "sync:ready", threadId: "", data: { seq: 41 } });
    FakeSocket.last.receive({ type: "git:status", threadId: "t", data: { statuses: [] }, seq: 42 });
    FakeSocket.last.close();
    expect(socket.state).toBe("lost");
    vi.advanceTimersByTime(1000);
    expect(FakeSocket.last.since).toBe("42");
    FakeSocket.last.open();
    expect(socket.state).toBe("live");
    expect(gap).not.toHaveBeenCalled();
  });

  it("tells of a gap when the server no longer knows what was missed", () => {
    FakeSocket.last.open();
    FakeSocket.last.receive({ type: "sync:ready", threadId: "", data: { seq: 3 } });
    FakeSocket.last.close();
    vi.advanceTimersByTime(1000);
    FakeSocket.last.open();
    FakeSocket.last.receive({ type: "sync:reset", threadId: "", data: { seq: 900 } });
    expect(gap).toHaveBeenCalledOnce();
    FakeSocket.last.close();
    vi.advanceTimersByTime(1000);
    expect(FakeSocket.last.since).toBe("900");
  });

  it("tells of a gap after every break with a server that does not number its events", () => {
    FakeSocket.last.open();
    FakeSocket.last.receive({ type: "git:status", threadId: "t", data: { statuses: [] } });
    FakeSocket.last.close();
    vi.advanceTimersByTime(1000);
    FakeSocket.last.open();
    expect(gap).toHaveBeenCalledOnce();
  });

  it("waits longer after each failure, but not for ever", () => {
    const tries = () => FakeSocket.all.length;
    for (let attempt = 0; attempt < 12; attempt += 1) {
      FakeSocket.last.close();
      vi.advanceTimersByTime(20_000);
    }
    expect(tries()).toBe(13);
    FakeSocket.last.close();
    const before = tries();
    vi.advanceTimersByTime(5000);
    expect(tries()).toBe(before);
  });

  it("connects anew when a page comes back that was in the background for long", () => {
    FakeSocket.last.open();
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    document.dispatchEvent(new Event("visibilitychange"));
    vi.advanceTimersByTime(60_000);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(FakeSocket.all).toHaveLength(2);
  });

  it("hands events to those who listen, until they stop", () => {
    const heard = vi.fn();
    const stop = socket.on("agent:message", heard);
    FakeSocket.last.open();
    const frame = { type: "agent:message", threadId: "t", data: { messageId: "m", content: "x" } };
    FakeSocket.last.receive(frame);
    stop();
    FakeSocket.last.receive(frame);
    expect(heard.mock.calls).toEqual([[frame.data, "t"]]);
  });

  it("says whether a message could be sent", () => {
    expect(socket.send("pty:write", { id: "1" })).toBe(false);
    FakeSocket.last.open();
    expect(socket.send("pty:write", { id: "1" })).toBe(true);
    expect(FakeSocket.last.sent).toEqual(['{"type":"pty:write","data":{"id":"1"}}']);
  });
});
