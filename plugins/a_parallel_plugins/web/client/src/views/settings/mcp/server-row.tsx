import { KeyRound, LogIn, Trash2 } from "lucide-react";
import type { McpServer } from "@/data/mcp";
import { text } from "@/i18n";
import { Badge, type Tone } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { useSignIn } from "./sign-in";

const TONES: Record<string, Tone> = { ok: "success", needs_auth: "warning", error: "danger" };

/** One server: where it is, how it is, and the ways to sign in where it wants that. */
export function ServerRow({
  server,
  projectPath,
  onRemove,
  onToken,
}: {
  server: McpServer;
  projectPath: string;
  onRemove: () => void;
  onToken: () => void;
}) {
  const { name, type, url, command, args, status, scope } = server;
  const signIn = useSignIn(projectPath);
  const target = url ?? [command, ...(args ?? [])].filter(Boolean).join(" ");
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2.5">
      <div className="min-w-0 flex-[1_1_12rem]">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="truncate text-[0.8125rem] font-medium">{name}</span>
          {status ? <Badge tone={TONES[status]}>{text.mcp.statuses[status]}</Badge> : null}
          {scope ? <Badge tone="outline">{text.mcp.scopeNames[scope]}</Badge> : null}
        </p>
        <p className="truncate font-mono text-2xs text-muted-foreground" title={target}>
          {text.mcp.kinds[type]} · {target}
        </p>
      </div>
      <div className="ml-auto flex items-center gap-1">
        {status === "needs_auth" && url ? (
          <>
            <Button variant="outline" size="sm" busy={signIn.busy} onClick={() => signIn.start(name)}>
              <LogIn />
              {text.mcp.signIn}
            </Button>
            <IconButton label={text.mcp.useToken} onClick={onToken}>
              <KeyRound />
            </IconButton>
          </>
        ) : null}
        <IconButton className="size-9 md:size-7" label={text.mcp.removeOf(name)} onClick={onRemove}>
          <Trash2 />
        </IconButton>
      </div>
    </li>
  );
}
