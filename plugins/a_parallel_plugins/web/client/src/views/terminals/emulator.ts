import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import { allowStyleAttributes } from "@/lib/nonce";
import { live } from "@/live/socket";
import { registry, type TerminalTab } from "./registry";
import { terminalTheme } from "./theme";

allowStyleAttributes();

const FONT = '"JetBrains Mono Variable", ui-monospace, Menlo, Consolas, monospace';
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export type Key = "escape" | "tab" | "up" | "down" | "left" | "right";

const ARROWS = { up: "A", down: "B", right: "C", left: "D" };

/**
 * One terminal on the screen, tied to the server's terminal of the same id.
 *
 * A fresh one is opened on the server with the size that it has here. One that is there already is attached to: the
 * server then says how large it is and repeats the end of what it has shown.
 */
export class Emulator {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  /** Called when the page itself is to act: leave, or show the search. */
  onLeave: () => void = () => undefined;
  onFind: () => void = () => undefined;
  /** The next key that is typed is meant with Control; set by the key bar. */
  control = false;
  onControlUsed: () => void = () => undefined;

  private readonly fitting = new FitAddon();
  private readonly ends: (() => void)[] = [];
  private state: "waiting" | "attaching" | "replaying" | "following" = "waiting";

  constructor(
    private readonly tab: TerminalTab,
    private readonly element: HTMLElement,
    fontSize: number,
  ) {
    this.terminal = new Terminal({
      allowProposedApi: true,
      cursorBlink: true,
      fontFamily: FONT,
      fontSize,
      lineHeight: 1.2,
      macOptionIsMeta: true,
      scrollback: 10_000,
      theme: terminalTheme(),
    });
    this.terminal.loadAddon(this.fitting);
    this.terminal.loadAddon(this.search);
    this.terminal.loadAddon(new WebLinksAddon((_event, url) => window.open(url, "_blank", "noopener,noreferrer")));
    this.terminal.open(element);
    this.terminal.attachCustomKeyEventHandler((event) => this.handled(event));
    this.terminal.onData((data) => this.typed(data));
    this.terminal.onBinary((data) => this.typed(data));
    this.terminal.onResize(({ rows, cols }) => this.state === "following" && live.send("pty:resize", { id: tab.id, rows, cols }));
    this.terminal.onTitleChange((title) => registry.patch(tab.id, { title }));
    this.follow();
    this.fit();
    this.connect();
    void document.fonts.load(`${fontSize}px ${FONT}`).then(() => this.setFontSize(fontSize));
  }

  close(): void {
    for (const end of this.ends) end();
    this.terminal.dispose();
  }

  /** Takes the room that there is; nothing happens while it is hidden. */
  fit(): void {
    if (this.element.clientWidth > 0 && this.element.clientHeight > 0) this.fitting.fit();
  }

  setFontSize(size: number): void {
    this.terminal.options.fontFamily = "monospace"; // a change makes it measure anew
    this.terminal.options.fontFamily = FONT;
    this.terminal.options.fontSize = size;
    this.fit();
  }

  refreshTheme(): void {
    this.terminal.options.theme = terminalTheme();
  }

  press(key: Key): void {
    if (key === "escape") this.typed("\x1b");
    else if (key === "tab") this.typed("\t");
    else this.typed(`\x1b${this.terminal.modes.applicationCursorKeysMode ? "O" : "["}${ARROWS[key]}`);
  }

  async copy(): Promise<void> {
    if (navigator.clipboard) await navigator.clipboard.writeText(this.terminal.getSelection());
    else document.execCommand("copy"); // without HTTPS; the terminal answers the event with its selection
  }

  async paste(): Promise<void> {
    this.terminal.paste(await navigator.clipboard.readText());
  }

  private follow(): void {
    const { id } = this.tab;
    this.ends.push(
      live.on("pty:attached", (data) => {
        if (data.ptyId !== id || this.state !== "attaching") return;
        this.terminal.reset();
        this.terminal.resize(data.cols, data.rows);
        this.state = "replaying";
      }),
      live.on("pty:data", ({ ptyId, data }) => ptyId === id && this.shown(data)),
      live.onState(() => live.state === "live" && this.connect()),
    );
  }

  private connect(): void {
    const now = registry.state.tabs.find(({ id }) => id === this.tab.id) ?? this.tab;
    if (now.ended) return;
    if (now.fresh) {
      if (registry.spawn(now, this.terminal.rows, this.terminal.cols)) this.state = "following";
    } else if (live.send("pty:attach", { id: now.id })) {
      this.state = "attaching";
    }
  }

  private shown(data: string): void {
    if (this.state === "following") this.terminal.write(data);
    if (this.state !== "replaying") return;
    // What is repeated may hold questions to the terminal, which were answered the first time: until the end of it,
    // nothing that the emulator says goes to the shell.
    this.terminal.write(data, () => {
      this.state = "following";
      const { rows, cols } = this.terminal;
      this.fit();
      if (rows === this.terminal.rows && cols === this.terminal.cols) live.send("pty:resize", { id: this.tab.id, rows, cols });
    });
  }

  private typed(data: string): void {
    if (this.state !== "following") return;
    let meant = data;
    if (this.control) {
      this.control = false;
      this.onControlUsed();
      if (data.length === 1) meant = String.fromCharCode(data.toUpperCase().charCodeAt(0) & 0x1f);
    }
    live.send("pty:write", { id: this.tab.id, data: meant });
  }

  /** Returns whether the terminal is to take a key; what it does not take the page may. */
  private handled(event: KeyboardEvent): boolean {
    if (event.type !== "keydown") return true;
    const mod = MAC ? event.metaKey : event.ctrlKey;
    const key = event.key.toLowerCase();
    if (event.key === "F6") {
      event.preventDefault();
      this.onLeave();
      return false;
    }
    if (mod && key === "j" && !event.shiftKey) return false; // the page's own: shows and hides the panel
    if (key === "c" && (MAC ? event.metaKey : event.ctrlKey) && (event.shiftKey || this.terminal.hasSelection())) {
      event.preventDefault();
      void this.copy().then(() => this.terminal.clearSelection());
      return false;
    }
    if (key === "f" && mod && (MAC || event.shiftKey)) {
      event.preventDefault();
      this.onFind();
      return false;
    }
    return !(mod && event.shiftKey); // among them Control, Shift and V, which pastes
  }
}
