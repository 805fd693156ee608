import { useMutation, useQuery } from "@tanstack/react-query";
import { PlugZap, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { messageOf } from "@/api/errors";
import { queries } from "@/data/query";
import { claudePluginsQuery } from "@/data/settings";
import { text } from "@/i18n";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { CardList, Section } from "@/ui/page";
import { Alert, EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { toast } from "@/ui/toast";

type Installed = Schema["InstalledPlugin"];

const reload = () => queries.invalidateQueries({ queryKey: claudePluginsQuery.queryKey });

/** Plugins of the Claude CLI. */
export default function ClaudePluginsPage() {
  const { data: plugins, error, refetch } = useQuery(claudePluginsQuery);
  const [removing, setRemoving] = useState<Installed | null>(null);
  const remove = useMutation({
    mutationFn: (id: string) => call(api.DELETE("/api/claude-plugins/{id}", { params: { path: { id } } })),
    onSuccess: reload,
  });
  return (
    <Section title={text.settings.pages["claude-plugins"]} description={text.claudePlugins.help}>
      <InstallForm />
      {error ? <ErrorState error={error} onRetry={() => void refetch()} className="py-6" /> : null}
      {!error && !plugins ? <SkeletonList rows={3} /> : null}
      {plugins?.length === 0 ? (
        <EmptyState icon={PlugZap} title={text.claudePlugins.empty} className="py-8">
          {text.claudePlugins.emptyHelp}
        </EmptyState>
      ) : null}
      {plugins?.length ? (
        <CardList>
          {plugins.map((plugin) => (
            <Row key={plugin.id} plugin={plugin} onRemove={() => setRemoving(plugin)} />
          ))}
        </CardList>
      ) : null}
      <ConfirmDialog
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={text.claudePlugins.removeTitle(removing?.name ?? "")}
        action={text.settings.remove}
        onConfirm={() => removing && remove.mutateAsync(removing.id)}
      >
        {text.claudePlugins.removeHelp}
      </ConfirmDialog>
    </Section>
  );
}

function Row({ plugin, onRemove }: { plugin: Installed; onRemove: () => void }) {
  const { name, description, author, version, commands } = plugin;
  return (
    <li className="px-4 py-2.5">
      <div className="flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <p className="flex items-center gap-2">
            <span className="truncate text-[0.8125rem] font-medium">{name}</span>
            {version ? <Badge tone="outline">{version}</Badge> : null}
            {author ? <span className="truncate text-2xs text-muted-foreground">{text.claudePlugins.by(author)}</span> : null}
          </p>
          <p className="text-xs text-muted-foreground">{description}</p>
        </div>
        <IconButton className="size-9 md:size-7" label={text.claudePlugins.removeOf(name)} onClick={onRemove}>
          <Trash2 />
        </IconButton>
      </div>
      {commands.length > 0 ? (
        <details className="mt-1 text-xs">
          <summary className="cursor-pointer text-muted-foreground">{text.claudePlugins.commands(commands.length)}</summary>
          <dl className="mt-1 grid gap-1">
            {commands.map((command) => (
              <div key={command.name} className="flex gap-2">
                <dt className="shrink-0 font-mono">/{command.name}</dt>
                <dd className="text-muted-foreground">{command.description}</dd>
              </div>
            ))}
          </dl>
        </details>
      ) : null}
    </li>
  );
}

function InstallForm() {
  const [plugin, setPlugin] = useState("");
  const [marketplace, setMarketplace] = useState("");
  const install = useMutation({
    mutationFn: () => call(api.POST("/api/claude-plugins", { body: { plugin: plugin.trim(), marketplace: marketplace.trim() || undefined } })),
    onSuccess: () => {
      setPlugin("");
      setMarketplace("");
      toast.success(text.claudePlugins.installedNow);
      return reload();
    },
    meta: { failed: false },
  });
  return (
    <form
      className="mb-4 grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        install.mutate();
      }}
    >
      <div className="grid gap-3 sm:grid-cols-[1fr_1fr_auto]">
        <Field label={text.claudePlugins.plugin} help={text.claudePlugins.pluginHelp}>
          {(ids) => <Input {...ids} className="font-mono" spellCheck={false} value={plugin} onChange={(event) => setPlugin(event.target.value)} />}
        </Field>
        <Field label={text.claudePlugins.marketplace} help={text.claudePlugins.marketplaceHelp}>
          {(ids) => <Input {...ids} className="font-mono" spellCheck={false} value={marketplace} onChange={(event) => setMarketplace(event.target.value)} />}
        </Field>
        <Button type="submit" variant="primary" className="h-9 sm:mt-[1.4rem] md:h-8" busy={install.isPending} disabled={!plugin.trim()}>
          {text.settings.install}
        </Button>
      </div>
      {install.error ? <Alert tone="danger">{messageOf(install.error)}</Alert> : null}
    </form>
  );
}
