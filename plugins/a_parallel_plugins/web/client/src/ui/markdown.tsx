import { memo } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { cn } from "@/lib/classes";
import { CodeBlock } from "./code";

const PLUGINS = [remarkGfm];

const components: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  ),
  // An image elsewhere would tell its server what is being read, so it is a link that somebody may follow.
  img: ({ src, alt }) =>
    typeof src === "string" && src ? (
      <a href={src} target="_blank" rel="noopener noreferrer">
        {alt || src}
      </a>
    ) : null,
  pre: ({ children }) => <>{children}</>,
  code: ({ className, children, node }) => {
    const text = String(children);
    const block = className?.startsWith("language-") || text.includes("\n") || isBlock(node?.position);
    if (!block) return <code>{children}</code>;
    return <CodeBlock code={text.replace(/\n$/, "")} language={/language-(\S+)/.exec(className ?? "")?.[1]} />;
  },
};

function isBlock(position: { start: { line: number }; end: { line: number } } | undefined): boolean {
  return position !== undefined && position.end.line > position.start.line;
}

/** Foreign markdown: HTML in it stays text, addresses that run something lead nowhere, images become links. */
export const Markdown = memo(function Markdown({ children, className }: { children: string; className?: string }) {
  return (
    <div className={cn("prose", className)}>
      <ReactMarkdown remarkPlugins={PLUGINS} components={components}>
        {children}
      </ReactMarkdown>
    </div>
  );
});
