import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { File } from "lucide-react";
import { useDeferredValue, useEffect, useState } from "react";
import { api, call } from "@/api/client";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";

const MOST = 8;

/** The word with an `@` that the caret is in, or null. */
export function mentionAt(value: string, caret: number): { start: number; query: string } | null {
  const found = /(?:^|\s)@([^\s@]*)$/.exec(value.slice(0, caret));
  if (!found) return null;
  const query = found[1] ?? "";
  return { start: caret - query.length - 1, query };
}

export interface Mentions {
  /** Null while there is nothing to choose from. */
  files: string[] | null;
  active: number;
  setActive: (index: number) => void;
}

/** Finds the files of a directory for the mention that is being typed. */
export function useMentions(directory: string | null, query: string | null): Mentions {
  const [active, setActive] = useState(0);
  const wanted = useDeferredValue(query);
  const { data } = useQuery({
    queryKey: ["files", directory, wanted],
    queryFn: () => call(api.GET("/api/browse/files", { params: { query: { path: directory ?? "", query: wanted ?? "" } } })),
    enabled: directory !== null && wanted !== null,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  useEffect(() => setActive(0), [wanted]);
  // What is shown until the answer comes is that of an earlier query.
  const files = query === null ? null : (data?.files.filter((file) => fits(file, query)).slice(0, MOST) ?? null);
  return { files: files?.length ? files : null, active: Math.min(active, (files?.length ?? 1) - 1), setActive };
}

function fits(file: string, query: string): boolean {
  return file.toLowerCase().includes(query.toLowerCase());
}

export function MentionList({ id, mentions, onChoose }: { id: string; mentions: Mentions; onChoose: (file: string) => void }) {
  if (!mentions.files) return null;
  return (
    <ul
      id={id}
      role="listbox"
      aria-label={text.threads.fileMention}
      className="absolute inset-x-0 bottom-full z-20 mb-1 max-h-72 overflow-y-auto rounded-lg border border-border bg-popover p-1 shadow-xl"
    >
      {mentions.files.map((file, index) => (
        <li
          key={file}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === mentions.active}
          onMouseDown={(event) => {
            event.preventDefault(); // keeps the focus in the text
            onChoose(file);
          }}
          onMouseMove={() => mentions.setActive(index)}
          className={cn(
            "flex min-h-9 items-center gap-2 rounded-md px-2 font-mono text-xs md:min-h-7",
            index === mentions.active && "bg-accent",
          )}
        >
          <File className="size-3.5 shrink-0 text-muted-foreground" />
          <span className="truncate">{file}</span>
        </li>
      ))}
    </ul>
  );
}
