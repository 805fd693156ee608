import { useQuery } from "@tanstack/react-query";
import { Blocks } from "lucide-react";
import { useState } from "react";
import { pluginsQuery } from "@/data/settings";
import { text } from "@/i18n";
import { Input } from "@/ui/input";
import { CardList, Section } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { PluginRow, type PluginView } from "./plugins/row";

/** All installed plugins; those with trouble come first. */
export default function PluginsPage() {
  const { data: plugins, error, refetch } = useQuery(pluginsQuery);
  const [filter, setFilter] = useState("");
  const shown = sorted(plugins ?? []).filter((plugin) => plugin.id.includes(filter.trim().toLowerCase()));
  const running = plugins?.filter((plugin) => plugin.state === "running").length ?? 0;
  return (
    <Section
      title={text.settings.pages.plugins}
      description={plugins ? `${text.plugins.help} ${text.plugins.running(running, plugins.length)}` : text.plugins.help}
    >
      <Input
        type="search"
        className="mb-3"
        aria-label={text.plugins.filter}
        placeholder={text.plugins.filter}
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {!error && !plugins ? <SkeletonList rows={6} /> : null}
      {plugins && shown.length === 0 ? <EmptyState icon={Blocks} title={text.plugins.empty} className="py-8" /> : null}
      {plugins && shown.length > 0 ? (
        <CardList>
          {shown.map((plugin) => (
            <PluginRow key={plugin.id} plugin={plugin} dependents={dependentsOf(plugin, plugins)} />
          ))}
        </CardList>
      ) : null}
    </Section>
  );
}

const QUIET = new Set(["running", "disabled"]);

function sorted(plugins: readonly PluginView[]): PluginView[] {
  const rank = ({ state }: PluginView) => (QUIET.has(state) ? 1 : 0);
  return [...plugins].sort((one, other) => rank(one) - rank(other) || one.id.localeCompare(other.id));
}

/** The running plugins that need this one, or one that needs it. */
function dependentsOf(plugin: PluginView, all: readonly PluginView[]): string[] {
  const found = new Set<string>();
  const queue = [plugin];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const offered = new Set([next.id, ...next.provides]);
    for (const other of all) {
      if (other.state !== "running" || found.has(other.id) || !other.requires.some((name) => offered.has(name))) continue;
      found.add(other.id);
      queue.push(other);
    }
  }
  found.delete(plugin.id);
  return [...found].sort();
}
