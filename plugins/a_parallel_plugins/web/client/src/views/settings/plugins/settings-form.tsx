import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { messageOf } from "@/api/errors";
import { queries } from "@/data/query";
import { pluginSettingsQuery } from "@/data/settings";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Alert, ErrorState, SkeletonList } from "@/ui/states";
import { toast } from "@/ui/toast";
import { read, type Setting, settingsOf, written } from "./schema";
import { SettingField } from "./setting-field";

type Settings = Schema["PluginSettings"];

/** A form made from the JSON schema of a plugin's settings. */
export function SettingsForm({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(pluginSettingsQuery(id));
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} className="py-4" />;
  if (!data) return <SkeletonList rows={2} />;
  return <Form key={JSON.stringify(data.values)} settings={data} />;
}

function Form({ settings }: { settings: Settings }) {
  const list = useMemo(() => settingsOf(settings.settingsSchema), [settings.settingsSchema]);
  const [fields, setFields] = useState<Record<string, string>>({});
  const [wrong, setWrong] = useState<string | null>(null);
  const save = useSave(settings.id);
  const fieldOf = (setting: Setting) => fields[setting.key] ?? written(setting, settings.values[setting.key]);
  const changed = list.filter((one) => fields[one.key] !== undefined && fields[one.key] !== written(one, settings.values[one.key]));
  const submit = () => {
    const values: Record<string, unknown> = {};
    for (const setting of changed) {
      try {
        values[setting.key] = read(setting, fields[setting.key] ?? "");
      } catch {
        return setWrong(setting.key);
      }
    }
    setWrong(null);
    save.mutate({ values });
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        {list.map((setting) =>
          settings.secrets.includes(setting.key) ? (
            <div key={setting.key}>
              <p className="text-xs font-medium">{setting.title}</p>
              <p className="text-xs text-muted-foreground">{text.plugins.secret}</p>
            </div>
          ) : (
            <SettingField
              key={setting.key}
              setting={setting}
              field={fieldOf(setting)}
              decided={settings.decided[setting.key]}
              error={wrong === setting.key ? text.plugins.badJson : null}
              onChange={(field) => setFields({ ...fields, [setting.key]: field })}
              onReset={settings.changed.includes(setting.key) ? () => save.mutate({ reset: [setting.key] }) : undefined}
            />
          ),
        )}
      </div>
      {settings.pending ? <Alert tone="warning">{text.plugins.pending}</Alert> : null}
      {save.error ? <Alert tone="danger">{messageOf(save.error)}</Alert> : null}
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" variant="primary" busy={save.isPending} disabled={changed.length === 0}>
          {text.common.save}
        </Button>
        <p className="min-w-0 flex-1 text-xs text-muted-foreground">
          {settings.dependents.length > 0 ? text.plugins.restartsWith(settings.dependents.join(", ")) : text.plugins.restarts}
        </p>
      </div>
    </form>
  );
}

function useSave(id: string) {
  return useMutation({
    mutationFn: (change: { values?: Record<string, unknown>; reset?: string[] }) =>
      call(
        api.PATCH("/api/kernel/plugins/{id}/settings", {
          params: { path: { id } },
          body: { values: change.values ?? {}, reset: change.reset ?? [], restart: true },
        }),
      ),
    onSuccess: (saved) => {
      queries.setQueryData(pluginSettingsQuery(id).queryKey, saved);
      void queries.invalidateQueries({ queryKey: ["plugins"] });
      toast.success(text.plugins.settingsSaved);
    },
    meta: { failed: false },
  });
}
