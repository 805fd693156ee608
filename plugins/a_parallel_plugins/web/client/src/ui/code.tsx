import { Check, Copy } from "lucide-react";
import { memo, useEffect, useState } from "react";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { highlight, type Token } from "@/lib/highlight";
import { toast } from "./toast";

const SETTLED = 120;

/** Colours code once it has stopped growing; null until then. */
export function useTokens(code: string, language: string | undefined): Token[][] | null {
  const [found, setFound] = useState<{ code: string; tokens: Token[][] } | null>(null);
  useEffect(() => {
    if (!language) return;
    let wanted = true;
    const timer = setTimeout(() => {
      highlight(code, language).then(
        (tokens) => wanted && tokens && setFound({ code, tokens }),
        () => undefined, // it stays plain
      );
    }, SETTLED);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [code, language]);
  return found?.code === code ? found.tokens : null;
}

export function Tokens({ tokens }: { tokens: Token[] }) {
  return tokens.map((token, index) => (
    <span key={index} style={{ color: token.color, fontStyle: token.italic ? "italic" : undefined }}>
      {token.text}
    </span>
  ));
}

/** Lines of code in colour. */
export const Code = memo(function Code({ code, language }: { code: string; language?: string }) {
  const tokens = useTokens(code, language);
  if (!tokens) return <>{code}</>;
  return tokens.map((line, index) => (
    <span key={index}>
      <Tokens tokens={line} />
      {index < tokens.length - 1 ? "\n" : null}
    </span>
  ));
});

/** A block of code with its language and a button to copy it. */
export function CodeBlock({ code, language, className }: { code: string; language?: string; className?: string }) {
  return (
    <div className={cn("my-3 overflow-hidden rounded-lg border border-border bg-card", className)}>
      <div className="flex items-center justify-between border-b border-border bg-muted/40 pr-1 pl-3.5">
        <span className="text-2xs text-muted-foreground">{language}</span>
        <CopyButton value={code} className="my-0.5 pointer-coarse:size-8" />
      </div>
      <pre tabIndex={0} className="overflow-x-auto px-3.5 py-3 font-mono text-[0.78rem] leading-relaxed">
        <code>
          <Code code={code} language={language} />
        </code>
      </pre>
    </div>
  );
}

export function CopyButton({ value, className }: { value: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => navigator.clipboard.writeText(value).then(() => setCopied(true), toast.error);
  return (
    <button
      type="button"
      aria-label={copied ? text.common.copied : text.common.copy}
      title={copied ? text.common.copied : text.common.copy}
      onClick={copy}
      className={cn("grid size-6 place-items-center rounded-md text-muted-foreground hover:bg-accent hover:text-foreground", className)}
    >
      {copied ? <Check className="size-3.5 text-success" /> : <Copy className="size-3.5" />}
    </button>
  );
}
