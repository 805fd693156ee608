import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Ansi } from "@/ui/ansi";
import { Markdown } from "@/ui/markdown";

describe("foreign markdown", () => {
  it.each([
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "<svg onload='window.hit = 1'>",
    "<iframe srcdoc='<script>parent.hit = 1</script>'></iframe>",
    "<a href='javascript:window.hit=1'>x</a>",
    "<style>body { display: none }</style>",
  ])("shows %s as text", (payload) => {
    const { container } = render(<Markdown>{payload}</Markdown>);
    expect(container.querySelector("script, img, svg, iframe, style, a")).toBeNull();
    expect(container.textContent).toContain("<");
  });

  it.each(["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>1</script>", "vbscript:x", "java\tscript:alert(1)"])(
    "gives %s no address",
    (address) => {
      const { container } = render(<Markdown>{`[text](<${address}>)`}</Markdown>);
      const href = container.querySelector("a")?.getAttribute("href") ?? "";
      expect(href).not.toMatch(/script:|^data:/i);
    },
  );

  it("loads no images, but links to them", () => {
    const { container } = render(<Markdown>{"![secret](https://elsewhere.example/?q=secret)"}</Markdown>);
    expect(container.querySelector("img")).toBeNull();
    expect(screen.getByRole("link", { name: "secret" })).toHaveProperty("rel", "noopener noreferrer");
  });

  it("shows tables, lists and code", () => {
    render(<Markdown>{"| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n\n```py\nx = 1\n```"}</Markdown>);
    expect(screen.getByRole("table")).toBeTruthy();
    expect(screen.getByRole("checkbox")).toHaveProperty("checked", true);
    expect(screen.getByText("x = 1")).toBeTruthy();
  });
});

describe("output of programs", () => {
  it("keeps colours and drops what moves the cursor", () => {
    const { container } = render(<Ansi>{"\x1b[2J\x1b[1;31mred\x1b[0m \x1b[38;5;208morange\x1b[0m\x1b]0;title\x07 plain"}</Ansi>);
    expect(container.textContent).toBe("red orange plain");
    expect(screen.getByText("red").style.color).toBe("var(--ansi-red)");
    expect(screen.getByText("orange").style.color).toBe("rgb(255, 135, 0)");
  });

  it("shows the last state of a line that was written over", () => {
    const { container } = render(<Ansi>{"10%\r50%\r100%\ndone\r\nend"}</Ansi>);
    expect(container.textContent).toBe("100%\ndone\nend");
  });

  it("is text, whatever it holds", () => {
    const { container } = render(<Ansi>{"<img src=x onerror=alert(1)>\x1b[31m<b>"}</Ansi>);
    expect(container.querySelector("img, b")).toBeNull();
  });
});
