import { ArrowDown, ArrowUp, X } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { useMedia } from "@/lib/media";
import { useDark } from "@/shell/theme";
import { Button, IconButton } from "@/ui/button";
import { toast } from "@/ui/toast";
import { Emulator } from "./emulator";
import { KeyBar } from "./key-bar";
import type { TerminalTab } from "./registry";

interface Props {
  tab: TerminalTab;
  name: string;
  active: boolean;
  fontSize: number;
  finding: boolean;
  onFinding: (finding: boolean) => void;
  onLeave: () => void;
  onAgain: () => void;
}

/** One terminal with what belongs to it: search, the keys that phones lack, and what is said when it has ended. */
export function Screen({ tab, name, active, fontSize, finding, onFinding, onLeave, onAgain }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const emulator = useEmulator(frame, tab, fontSize, { onLeave, onFind: () => onFinding(true) });
  const touch = useMedia("(pointer: coarse)");
  useEffect(() => {
    if (!active || !emulator) return;
    emulator.fit();
    if (!touch) emulator.terminal.focus();
  }, [active, emulator, touch]);
  return (
    <div className={cn("relative min-h-0 flex-1 flex-col bg-card", active ? "flex" : "hidden")}>
      {finding && emulator ? <Find emulator={emulator} onClose={() => onFinding(false)} /> : null}
      <div role="group" aria-label={text.terminals.screen(name)} className="min-h-0 flex-1 overflow-hidden pt-2 pl-3">
        <div ref={frame} className="h-full" data-terminal={tab.id} />
      </div>
      {tab.ended ? (
        <div className="flex flex-wrap items-center gap-3 border-t border-border bg-muted px-3 py-2 text-xs" role="status">
          <span className="flex-1">{tab.ended.code === null ? text.terminals.gone : text.terminals.endedWith(tab.ended.code)}</span>
          <Button size="sm" variant="outline" className="h-9 md:h-7" onClick={onAgain}>
            {text.terminals.again}
          </Button>
        </div>
      ) : null}
      {touch && emulator && !tab.ended ? <KeyBar emulator={emulator} /> : null}
    </div>
  );
}

function useEmulator(
  frame: React.RefObject<HTMLDivElement | null>,
  tab: TerminalTab,
  fontSize: number,
  { onLeave, onFind }: { onLeave: () => void; onFind: () => void },
): Emulator | null {
  const [emulator, setEmulator] = useState<Emulator | null>(null);
  const dark = useDark();
  const leave = useEffectEvent(onLeave);
  const find = useEffectEvent(onFind);
  const make = useEffectEvent((element: HTMLElement) => new Emulator(tab, element, fontSize));
  useEffect(() => {
    if (!frame.current) return;
    const made = make(frame.current);
    made.onLeave = () => leave();
    made.onFind = () => find();
    setEmulator(made);
    let waiting = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => made.fit());
    });
    observer.observe(frame.current);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(waiting);
      made.close();
      setEmulator(null);
    };
  }, [frame, tab.id]);
  useEffect(() => emulator?.refreshTheme(), [emulator, dark]);
  useEffect(() => emulator?.setFontSize(fontSize), [emulator, fontSize]);
  return emulator;
}

function Find({ emulator, onClose }: { emulator: Emulator; onClose: () => void }) {
  const [wanted, setWanted] = useState("");
  const find = (forward: boolean, incremental = false, value = wanted) => {
    if (!value) return;
    const found = forward ? emulator.search.findNext(value, { incremental }) : emulator.search.findPrevious(value);
    if (!found && !incremental) toast.info(text.terminals.findNothing);
  };
  const close = () => {
    emulator.search.clearDecorations();
    emulator.terminal.focus();
    onClose();
  };
  return (
    <div className="absolute top-2 right-3 z-10 flex items-center gap-0.5 rounded-lg border border-border bg-popover p-1 shadow-lg" role="search">
      <input
        autoFocus
        aria-label={text.terminals.findPlaceholder}
        placeholder={text.terminals.findPlaceholder}
        value={wanted}
        className="h-8 w-40 bg-transparent px-2 text-base outline-none md:h-7 md:text-xs"
        onChange={(event) => {
          setWanted(event.target.value);
          find(true, true, event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") find(!event.shiftKey);
          if (event.key === "Escape") close();
        }}
      />
      <IconButton label={text.terminals.findPrevious} onClick={() => find(false)}>
        <ArrowUp />
      </IconButton>
      <IconButton label={text.terminals.findNext} onClick={() => find(true)}>
        <ArrowDown />
      </IconButton>
      <IconButton label={text.common.close} onClick={close}>
        <X />
      </IconButton>
    </div>
  );
}
