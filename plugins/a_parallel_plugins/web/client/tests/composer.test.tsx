import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { TipProvider } from "@/ui/tooltip";
import { mentionAt } from "@/views/thread/composer/mentions";
import { Prompt } from "@/views/thread/composer/prompt";
import type { ImageAttachment } from "@/views/thread/conversation/types";
import { waitingCall, waitingOf } from "@/views/thread/conversation/waiting";
import { parseInput, relative } from "@/views/thread/tools/input";

function Box({ onSubmit }: { onSubmit: (value: string) => void }) {
  const [value, setValue] = useState("");
  const [images, setImages] = useState<ImageAttachment[]>([]);
  return (
    <Prompt
      label="Message"
      placeholder=""
      value={value}
      onChange={setValue}
      images={images}
      onImages={setImages}
      onMention={() => undefined}
      directory={null}
      onSubmit={() => onSubmit(value)}
      tools={null}
    />
  );
}

function show(onSubmit: (value: string) => void) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <TipProvider>
        <Box onSubmit={onSubmit} />
      </TipProvider>
    </QueryClientProvider>,
  );
  return screen.getByRole("combobox", { name: "Message" });
}

describe("the box for a message", () => {
  it("sends with Enter and breaks the line with Shift", async () => {
    const sent = vi.fn();
    const user = userEvent.setup();
    await user.type(show(sent), "one{Shift>}{Enter}{/Shift}two{Enter}");
    expect(sent).toHaveBeenCalledExactlyOnceWith("one\ntwo");
  });

  it("takes pasted images and lets go of them", async () => {
    const user = userEvent.setup();
    const box = show(() => undefined);
    box.focus();
    await user.paste({ files: [new File(["x"], "a.png", { type: "image/png" })], getData: () => "" } as never);
    expect(await screen.findByAltText("Image 1")).toHaveProperty("src", "data:image/png;base64,eA==");
    await user.click(screen.getByRole("button", { name: "Remove Image 1" }));
    expect(screen.queryByAltText("Image 1")).toBeNull();
  });
});

describe("mentions", () => {
  it.each([
    ["see @src/a", 10, { start: 4, query: "src/a" }],
    ["@", 1, { start: 0, query: "" }],
    ["mail me@home", 12, null],
    ["@done and more", 14, null],
  ])("are found in %j", (value, caret, found) => {
    expect(mentionAt(value, caret)).toEqual(found);
  });
});

describe("tool calls", () => {
  const call = (id: string, name: string, output: string | null) => ({ id, messageId: "m", name, input: "{}", output });
  const message = (...toolCalls: ReturnType<typeof call>[]) => ({ id: "m", role: "assistant", content: "", timestamp: "", toolCalls });

  it("tell what a thread waits for", () => {
    expect(waitingOf([message(call("1", "AskUserQuestion", null))])).toEqual({ reason: "question" });
    expect(waitingOf([message(call("1", "Bash", "ok"), call("2", "ExitPlanMode", null))])).toEqual({ reason: "plan" });
    expect(waitingOf([message(call("1", "Bash", null))])).toEqual({ reason: "permission", toolName: "Bash" });
    expect(waitingOf([message()])).toBeNull();
  });

  it("that wait are preferred to those that have been answered", () => {
    const messages = [message(call("1", "Bash", null)), message(call("2", "Bash", "done"))];
    expect(waitingCall({ reason: "permission", toolName: "Bash" }, messages)?.id).toBe("1");
  });

  it("may have inputs that were cut off", () => {
    expect(parseInput('{"command": "ls')).toBeNull();
    expect(parseInput("[1]")).toBeNull();
    expect(parseInput('{"command": "ls"}')).toEqual({ command: "ls" });
  });

  it("name files relative to where the agent works", () => {
    expect(relative("/work/shop/a.py", "/work/shop")).toBe("a.py");
    expect(relative("/work/shop-2/a.py", "/work/shop")).toBe("/work/shop-2/a.py");
  });
});
