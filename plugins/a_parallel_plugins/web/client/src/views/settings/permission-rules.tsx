import { useMutation, useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { api, call } from "@/api/client";
import { permissionRulesQuery } from "@/data/agents";
import { queries } from "@/data/query";
import { text } from "@/i18n";
import { ago } from "@/lib/format";
import { IconButton } from "@/ui/button";
import { CardList, Section } from "@/ui/page";
import { ErrorState, SkeletonList } from "@/ui/states";

/** Tool calls that agents may make in a project without asking, with a way to take each leave back. */
export function PermissionRules({ projectId }: { projectId: string }) {
  const { queryKey } = permissionRulesQuery(projectId);
  const { data: rules, error, refetch } = useQuery(permissionRulesQuery(projectId));
  const remove = useMutation({
    mutationFn: (rule: string) => call(api.DELETE("/api/agents/permission-rules/{rule}", { params: { path: { rule } } })),
    onSettled: () => queries.invalidateQueries({ queryKey }),
  });
  return (
    <Section title={text.home.rules} description={text.home.rulesHelp}>
      {error ? <ErrorState error={error} onRetry={() => void refetch()} className="py-6" /> : null}
      {!error && !rules ? <SkeletonList rows={1} /> : null}
      {rules?.length === 0 ? <p className="text-xs text-muted-foreground">{text.home.rulesNone}</p> : null}
      {rules?.length ? (
        <CardList>
          {rules.map(({ id, tool, argument, createdAt }) => {
            const name = text.threads.tools[tool] ?? tool;
            return (
              <li key={id} className="flex items-center gap-3 px-4 py-2.5">
                <div className="min-w-0 flex-1">
                  <p className="truncate text-[0.8125rem] font-medium">{name}</p>
                  <p className="truncate text-xs text-muted-foreground" title={argument ?? undefined}>
                    {argument ? <code className="font-mono text-2xs">{argument}</code> : text.home.rulesAll}
                    {` · ${ago(createdAt)}`}
                  </p>
                </div>
                <IconButton
                  label={text.home.rulesRemove(name, argument ?? null)}
                  busy={remove.isPending && remove.variables === id}
                  onClick={() => remove.mutate(id)}
                >
                  <Trash2 />
                </IconButton>
              </li>
            );
          })}
        </CardList>
      ) : null}
    </Section>
  );
}
