import { ArrowDown, Eraser } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { StartupCommand } from "@/data/commands";
import { text } from "@/i18n";
import { Ansi } from "@/ui/ansi";
import { Button, IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/code";
import { StateDot, stateOf } from "./row";
import { type Output, outputs, useOutput } from "./outputs";

/** Pixels from the end within which the reader counts as being there. */
const NEAR = 24;

/** What one command has written, with its colours; it follows the end unless one scrolls up. */
export function OutputPane({ command }: { command: StartupCommand }) {
  const output = useOutput(command);
  const frame = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const toEnd = () => frame.current?.scrollTo({ top: frame.current.scrollHeight });
  useLayoutEffect(() => {
    if (following) toEnd();
  }, [following, output]);
  const scrolled = () => {
    const element = frame.current;
    if (element) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR);
  };
  useEffect(() => {
    if (!frame.current) return;
    const observer = new ResizeObserver(() => following && toEnd());
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, [following]);
  const whole = output?.pieces.join("") ?? "";
  return (
    <section aria-label={text.commands.output(command.label)} className="relative flex min-h-0 min-w-0 flex-1 flex-col bg-card">
      <header className="flex h-11 shrink-0 items-center gap-2 border-b border-border px-3 md:h-9">
        <StateDot output={output} />
        <span className="min-w-0 flex-1 truncate text-xs text-muted-foreground">
          <bdi className="font-medium text-foreground">{command.label}</bdi> · {stateOf(output)}
        </span>
        {whole ? (
          <>
            <CopyButton value={whole} className="size-9 md:size-7" />
            <IconButton className="size-9 md:size-7" label={text.commands.clear} onClick={() => outputs.clear(command.id)}>
              <Eraser />
            </IconButton>
          </>
        ) : null}
      </header>
      <div
        ref={frame}
        role="log"
        tabIndex={0}
        aria-label={text.commands.output(command.label)}
        className="min-h-0 flex-1 overflow-auto p-3 font-mono text-xs leading-5 outline-offset-[-2px] [font-variant-ligatures:none]"
        onScroll={scrolled}
      >
        <Printed output={output} />
      </div>
      {following ? null : (
        <Button size="sm" variant="outline" className="absolute right-4 bottom-4 shadow-lg" onClick={() => setFollowing(true)}>
          <ArrowDown />
          {text.commands.toEnd}
        </Button>
      )}
    </section>
  );
}

function Printed({ output }: { output: Output | undefined }) {
  if (!output || output.pieces.length === 0) {
    return <p className="font-sans text-muted-foreground">{output?.running ? text.commands.noOutput : text.commands.notStarted}</p>;
  }
  return (
    <>
      {output.cut ? <p className="mb-2 font-sans text-muted-foreground">{text.commands.outputLost}</p> : null}
      <pre className="break-words whitespace-pre-wrap">
        {output.pieces.map((piece, index) => (
          <Ansi key={index}>{piece}</Ansi>
        ))}
      </pre>
    </>
  );
}
