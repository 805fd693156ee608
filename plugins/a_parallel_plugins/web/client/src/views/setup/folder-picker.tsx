import { useQuery } from "@tanstack/react-query";
import { ArrowUp, Folder, Home } from "lucide-react";
import { type KeyboardEvent, useEffect, useState } from "react";
import { api, call } from "@/api/client";
import { messageOf } from "@/api/errors";
import { text } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Input } from "@/ui/input";
import { Skeleton } from "@/ui/states";

/** Chooses a directory on the server's machine. */
export function FolderPicker({ value, onChange, id }: { value: string; onChange: (path: string) => void; id?: string }) {
  const roots = useQuery({ queryKey: ["roots"], queryFn: () => call(api.GET("/api/browse/roots")) });
  const home = roots.data?.home;
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (!value && home) onChange(home);
  }, [value, home, onChange]);
  const listing = useQuery({
    queryKey: ["directory", value],
    queryFn: () => call(api.GET("/api/browse/list", { params: { query: { path: value } } })),
    enabled: value !== "",
  });
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    onChange(typed.trim());
  };
  const parent = listing.data?.parent;
  const problem = listing.error ? messageOf(listing.error) : listing.data?.error;
  return (
    <div className="overflow-hidden rounded-lg border border-border">
      <div className="flex items-center gap-1 border-b border-border bg-muted/50 p-1.5">
        <IconButton label={text.setup.folderUp} disabled={!parent} onClick={() => parent && onChange(parent)}>
          <ArrowUp />
        </IconButton>
        <IconButton label={text.shell.home} disabled={!home} onClick={() => home && onChange(home)}>
          <Home />
        </IconButton>
        <Input
          id={id}
          aria-label={text.setup.folder}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={() => typed.trim() && onChange(typed.trim())}
          onKeyDown={pressed}
          spellCheck={false}
          autoCapitalize="none"
          className="h-8 flex-1 font-mono text-xs"
        />
      </div>
      <ul className="h-48 overflow-y-auto p-1" tabIndex={-1}>
        {listing.isPending ? [70, 55, 80].map((width) => <Skeleton key={width} className="m-1 h-6" />) : null}
        {problem ? <li className="px-2 py-3 text-xs text-destructive">{problem}</li> : null}
        {listing.data && !problem && listing.data.dirs.length === 0 ? (
          <li className="px-2 py-3 text-xs text-muted-foreground">{text.setup.folderEmpty}</li>
        ) : null}
        {listing.data?.dirs.map((directory) => (
          <li key={directory.path}>
            <button
              type="button"
              onClick={() => onChange(directory.path)}
              className="flex min-h-9 w-full items-center gap-2 rounded-md px-2 text-left text-[0.8125rem] hover:bg-accent md:min-h-7"
            >
              <Folder className="size-4 shrink-0 text-muted-foreground" />
              <span className="truncate">{directory.name}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
