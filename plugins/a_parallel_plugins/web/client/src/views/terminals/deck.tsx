import { AArrowDown, AArrowUp, Search, SquareTerminal, X } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { useStored } from "@/lib/storage";
import { IconButton } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { nameOf, registry, type TerminalTab } from "./registry";
import { Screen } from "./screen";

interface Props {
  tabs: readonly TerminalTab[];
  current: string | null;
  onCurrent: (id: string) => void;
  /** The button for a new terminal, after the tabs. */
  add: ReactNode;
  children?: ReactNode;
}

/** Puts the keyboard into the terminal that is shown. */
export function focusTerminal(): void {
  requestAnimationFrame(() => {
    const all = document.querySelectorAll<HTMLElement>("[data-terminal] textarea");
    [...all].find((one) => one.offsetParent !== null)?.focus();
  });
}

/** Tabs and the terminal of the chosen one. Terminals that were shown once stay as they are while others are shown. */
export function Deck({ tabs, current, onCurrent, add, children }: Props) {
  const [fontSize, setFontSize] = useStored("terminals.font", 13);
  const [finding, setFinding] = useState(false);
  const [closing, setClosing] = useState<TerminalTab | null>(null);
  const bar = useRef<HTMLUListElement>(null);
  const active = tabs.find(({ id }) => id === current) ?? tabs.at(-1);
  const seen = useRef(new Set<string>());
  if (active) seen.current.add(active.id);
  useEffect(() => {
    bar.current?.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [active?.id]);
  const close = (tab: TerminalTab) => {
    const at = tabs.findIndex(({ id }) => id === tab.id);
    const next = tabs[at + 1] ?? tabs[at - 1];
    registry.close(tab.id);
    if (next && tab.id === active?.id) onCurrent(next.id);
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-11 shrink-0 items-center gap-1 border-b border-border bg-sidebar px-2 md:h-9">
        <ul ref={bar} aria-label={text.terminals.tabs} className="flex min-w-0 items-center gap-0.5 overflow-x-auto">
          {tabs.map((tab) => (
            <TabButton
              key={tab.id}
              tab={tab}
              name={nameOf(tab, tabs)}
              active={tab.id === active?.id}
              onOpen={() => onCurrent(tab.id)}
              onClose={() => (tab.ended ? close(tab) : setClosing(tab))}
            />
          ))}
        </ul>
        {add}
        <span className="flex-1" />
        {active ? (
          <>
            <IconButton className="size-9 md:size-7" label={text.terminals.find} onClick={() => setFinding(!finding)} aria-pressed={finding}>
              <Search />
            </IconButton>
            <IconButton className="hidden md:inline-flex" label={text.terminals.smaller} onClick={() => setFontSize(Math.max(9, fontSize - 1))}>
              <AArrowDown />
            </IconButton>
            <IconButton className="hidden md:inline-flex" label={text.terminals.larger} onClick={() => setFontSize(Math.min(24, fontSize + 1))}>
              <AArrowUp />
            </IconButton>
          </>
        ) : null}
      </div>
      {tabs
        .filter(({ id }) => seen.current.has(id))
        .map((tab) => (
          <Screen
            key={tab.id}
            tab={tab}
            name={nameOf(tab, tabs)}
            active={tab.id === active?.id}
            fontSize={fontSize}
            finding={finding && tab.id === active?.id}
            onFinding={setFinding}
            onLeave={() => bar.current?.querySelector<HTMLElement>("[aria-current=true]")?.focus()}
            onAgain={() => {
              registry.close(tab.id);
              onCurrent(registry.create(tab.cwd).id);
            }}
          />
        ))}
      {active ? null : children}
      <ConfirmDialog
        open={closing !== null}
        onOpenChange={() => setClosing(null)}
        title={text.terminals.closeTitle}
        action={text.terminals.closeAction}
        onConfirm={() => closing && close(closing)}
      >
        {text.terminals.closeHelp}
      </ConfirmDialog>
    </div>
  );
}

interface TabProps {
  tab: TerminalTab;
  name: string;
  active: boolean;
  onOpen: () => void;
  onClose: () => void;
}

function TabButton({ tab, name, active, onOpen, onClose }: TabProps) {
  return (
    <li className={cn("group flex h-9 shrink-0 items-center rounded-md md:h-7", active ? "bg-card shadow-sm dark:bg-accent" : "hover:bg-accent/60")}>
      <button
        type="button"
        aria-current={active}
        title={`${tab.title ? `${tab.title}\n` : ""}${tab.cwd}`}
        className={cn("flex h-full max-w-44 items-center gap-1.5 pl-2.5 text-xs", active ? "font-medium" : "text-muted-foreground", tab.ended && "line-through opacity-70")}
        onClick={onOpen}
      >
        <SquareTerminal aria-hidden className="size-3.5 shrink-0" />
        <bdi className="truncate">{name}</bdi>
        {tab.ended ? <span className="sr-only">{text.terminals.ended}</span> : null}
      </button>
      <button
        type="button"
        aria-label={text.terminals.close(name)}
        className="mx-1 grid size-7 place-items-center rounded text-muted-foreground hover:bg-accent hover:text-foreground md:size-5"
        onClick={onClose}
      >
        <X className="size-3" />
      </button>
    </li>
  );
}
