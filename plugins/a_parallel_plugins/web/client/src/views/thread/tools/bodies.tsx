import { Circle, CircleCheck, LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Ansi } from "@/ui/ansi";
import { Code, CopyButton } from "@/ui/code";
import { Markdown } from "@/ui/markdown";
import { SmallDiff } from "./diff";
import { list, str, type ToolInput } from "./input";

export interface BodyProps {
  input: ToolInput | null;
  /** The input as it came, for where it could not be parsed. */
  raw: string;
  output: string | null;
  /** No output yet, and the agent is at work. */
  running: boolean;
  path: string;
}

/** Text that scrolls in a box of its own. */
export function Box({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <pre
      tabIndex={0}
      className={cn("max-h-80 overflow-auto px-3 py-2 font-mono text-xs leading-5 whitespace-pre-wrap break-words", className)}
    >
      {children}
    </pre>
  );
}

export function Output({ output, running }: { output: string | null; running: boolean }) {
  if (output === null) {
    return running ? <p className="px-3 py-2 text-xs text-muted-foreground">{text.threads.untold}</p> : null;
  }
  if (output.trim() === "") return <p className="px-3 py-2 text-xs text-muted-foreground">{text.threads.noOutput}</p>;
  return (
    <Box>
      <Ansi>{output}</Ansi>
    </Box>
  );
}

export function ShellBody({ input, raw, output, running }: BodyProps) {
  const command = str(input, "command") || raw;
  return (
    <>
      <div className="flex items-start gap-2 border-b border-border bg-muted/50 py-1.5 pr-1.5 pl-3">
        <span aria-hidden className="font-mono text-xs leading-6 text-muted-foreground select-none">
          $
        </span>
        <pre tabIndex={0} className="max-h-40 min-w-0 flex-1 overflow-auto font-mono text-xs leading-6 whitespace-pre-wrap break-words">
          <Code code={command} language="bash" />
        </pre>
        <CopyButton value={command} />
      </div>
      <Output output={output} running={running} />
    </>
  );
}

export function EditBody({ input, path, output }: BodyProps) {
  const edits = list(input, "edits");
  const all = edits.length > 0 ? edits : input ? [input] : [];
  return (
    <>
      {all.map((edit, index) => (
        <div key={index} className={cn(index > 0 && "border-t border-border")}>
          <SmallDiff
            path={path}
            before={str(edit, "old_string", "old_source")}
            after={str(edit, "new_string", "new_source", "content")}
          />
        </div>
      ))}
      {output && /error|failed|not found/i.test(output) ? <Output output={output} running={false} /> : null}
    </>
  );
}

export function WriteBody({ input, path }: BodyProps) {
  return (
    <Box className="max-h-96">
      <Code code={str(input, "content", "new_source")} language={path} />
    </Box>
  );
}

export function ReadBody({ output, path, running }: BodyProps) {
  if (output === null) return <Output output={output} running={running} />;
  // The CLI puts a number and an arrow before each line.
  const plain = /^\s*\d+[→\t]/.test(output) ? output.replace(/^\s*\d+[→\t]/gm, "") : output;
  return (
    <Box>
      <Code code={plain} language={path} />
    </Box>
  );
}

export function TodoBody({ input }: BodyProps) {
  return (
    <ul className="grid gap-1 px-3 py-2 text-[0.8125rem]">
      {list(input, "todos").map((todo, index) => {
        const status = str(todo, "status");
        return (
          <li key={index} className="flex items-start gap-2">
            {status === "completed" ? (
              <CircleCheck className="mt-0.5 size-4 shrink-0 text-success" />
            ) : status === "in_progress" ? (
              <LoaderCircle className="mt-0.5 size-4 shrink-0 text-primary" />
            ) : (
              <Circle className="mt-0.5 size-4 shrink-0 text-muted-foreground" />
            )}
            <span className={cn(status === "completed" && "text-muted-foreground line-through")}>{str(todo, "content")}</span>
          </li>
        );
      })}
    </ul>
  );
}

export function ProseBody({ input, output, running }: BodyProps) {
  const prompt = str(input, "prompt", "plan", "query", "url");
  return (
    <div className="max-h-96 overflow-y-auto px-3 py-2 text-[0.8125rem]" tabIndex={0}>
      {prompt ? <Markdown>{prompt}</Markdown> : null}
      {output ? (
        <div className={cn(prompt && "mt-3 border-t border-border pt-3")}>
          <Markdown>{output}</Markdown>
        </div>
      ) : running ? (
        <p className="mt-2 text-xs text-muted-foreground">{text.threads.untold}</p>
      ) : null}
    </div>
  );
}

export function PlanBody({ input }: BodyProps) {
  return (
    <div className="max-h-[32rem] overflow-y-auto px-3.5 py-3" tabIndex={0}>
      <Markdown>{str(input, "plan")}</Markdown>
    </div>
  );
}

export function QuestionBody({ input, output }: BodyProps) {
  return (
    <div className="grid gap-2 px-3 py-2 text-[0.8125rem]">
      {list(input, "questions").map((question, index) => (
        <div key={index}>
          <p className="font-medium">{str(question, "question")}</p>
          <p className="text-xs text-muted-foreground">
            {list(question, "options")
              .map((option) => str(option, "label"))
              .join(" · ")}
          </p>
        </div>
      ))}
      {output ? <p className="border-t border-border pt-2 whitespace-pre-wrap">{output}</p> : null}
    </div>
  );
}

export function PlainBody({ input, raw, output, running }: BodyProps) {
  return (
    <>
      <div className="border-b border-border">
        <p className="px-3 pt-2 text-2xs font-medium text-muted-foreground">{text.threads.input}</p>
        <Box className="max-h-48 pt-1">{input ? <Code code={JSON.stringify(input, null, 2)} language="json" /> : raw}</Box>
      </div>
      <Output output={output} running={running} />
    </>
  );
}

export function OutputBody({ output, running }: BodyProps) {
  return <Output output={output} running={running} />;
}
