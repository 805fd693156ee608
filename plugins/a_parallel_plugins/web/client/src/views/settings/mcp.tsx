import { useQuery } from "@tanstack/react-query";
import { Cable, Plus } from "lucide-react";
import { useState } from "react";
import { type McpServer, mcpQuery, recommendedServersQuery, useAddServer, useRemoveServer } from "@/data/mcp";
import { text } from "@/i18n";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { CardList, Section } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { toast } from "@/ui/toast";
import { AddServer } from "./mcp/add-server";
import { ServerRow } from "./mcp/server-row";
import { TokenDialog } from "./mcp/token-dialog";
import { ProjectChoice, useProjectChoice } from "./project-choice";

/** MCP servers of a project, and some that are worth a try. */
export default function McpPage() {
  const { path, id, loaded, choose } = useProjectChoice();
  if (!loaded) return <SkeletonList rows={3} />;
  if (!path) return <EmptyState icon={Cable} title={text.mcp.noProject} />;
  return <Servers key={path} path={path} choice={<ProjectChoice id={id} choose={choose} />} />;
}

function Servers({ path, choice }: { path: string; choice: React.ReactNode }) {
  const { data: servers, error, refetch } = useQuery(mcpQuery(path));
  const remove = useRemoveServer(path);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<McpServer | null>(null);
  const [tokenFor, setTokenFor] = useState<string | null>(null);
  return (
    <>
      <Section
        title={text.settings.pages.mcp}
        description={text.mcp.help}
        actions={
          <div className="flex shrink-0 gap-2">
            {choice}
            <Button variant="primary" disabled={error !== null} onClick={() => setAdding(true)}>
              <Plus />
              {text.mcp.add}
            </Button>
          </div>
        }
      >
        {error ? <ErrorState error={error} onRetry={() => void refetch()} className="py-6" /> : null}
        {!error && !servers ? <SkeletonList rows={3} /> : null}
        {servers?.length === 0 ? (
          <EmptyState icon={Cable} title={text.mcp.empty} className="py-8">
            {text.mcp.emptyHelp}
          </EmptyState>
        ) : null}
        {servers?.length ? (
          <CardList>
            {servers.map((server) => (
              <ServerRow
                key={`${server.scope}/${server.name}`}
                server={server}
                projectPath={path}
                onRemove={() => setRemoving(server)}
                onToken={() => setTokenFor(server.name)}
              />
            ))}
          </CardList>
        ) : null}
      </Section>
      <Recommended path={path} installed={servers} />
      <AddServer open={adding} projectPath={path} onClose={() => setAdding(false)} />
      <TokenDialog name={tokenFor} projectPath={path} onClose={() => setTokenFor(null)} />
      <ConfirmDialog
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={text.mcp.removeTitle(removing?.name ?? "")}
        action={text.settings.remove}
        onConfirm={() => removing && remove.mutateAsync(removing)}
      >
        {text.mcp.removeHelp}
      </ConfirmDialog>
    </>
  );
}

function Recommended({ path, installed }: { path: string; installed: McpServer[] | undefined }) {
  const { data: servers } = useQuery(recommendedServersQuery);
  const add = useAddServer();
  if (!servers) return null;
  const names = new Set(installed?.map((server) => server.name));
  return (
    <Section title={text.settings.recommended}>
      <CardList>
        {servers.map(({ name, description, type, url, command, args }) => (
          <li key={name} className="flex items-center gap-3 px-4 py-2.5">
            <div className="min-w-0 flex-1">
              <p className="truncate text-[0.8125rem] font-medium">{name}</p>
              <p className="truncate text-xs text-muted-foreground">{description}</p>
            </div>
            {names.has(name) ? (
              <Badge tone="success">{text.settings.installed}</Badge>
            ) : (
              <Button
                variant="outline"
                size="sm"
                aria-label={`${text.common.add} ${name}`}
                disabled={!installed}
                busy={add.isPending && add.variables.name === name}
                onClick={() =>
                  add.mutate(
                    { name, type, projectPath: path, url: url ?? undefined, command: command ?? undefined, args: args ?? undefined },
                    { onSuccess: () => toast.success(text.mcp.added(name)) },
                  )
                }
              >
                {text.common.add}
              </Button>
            )}
          </li>
        ))}
      </CardList>
    </Section>
  );
}
