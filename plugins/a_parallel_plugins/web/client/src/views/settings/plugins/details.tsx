import type { ReactNode } from "react";
import { text } from "@/i18n";
import { ago, count, dateTime, duration } from "@/lib/format";
import { Alert } from "@/ui/states";
import type { PluginView } from "./row";
import { SettingsForm } from "./settings-form";

/** Figures, errors and settings of a plugin. */
export function Details({ plugin }: { plugin: PluginView }) {
  const { calls, errors, meanMs, slowestMs, since, lastError, lastErrorAt } = plugin;
  const began = new Date(since * 1000).toISOString();
  return (
    <div className="grid gap-4 border-t border-border bg-muted/40 px-4 py-4 md:px-14">
      {plugin.error ? (
        <Alert tone="danger">
          <span className="font-medium">{text.plugins.error}: </span>
          <span className="break-words">{plugin.error}</span>
        </Alert>
      ) : null}
      <dl className="grid grid-cols-2 gap-3 text-xs sm:grid-cols-4">
        <Figure label={text.plugins.calls}>{count(calls)}</Figure>
        <Figure label={text.plugins.errors}>{count(errors)}</Figure>
        <Figure label={text.plugins.mean}>{duration(meanMs)}</Figure>
        <Figure label={text.plugins.slowest}>{duration(slowestMs)}</Figure>
        <Figure label={text.plugins.since}>
          <time dateTime={began} title={dateTime(began)}>
            {ago(began)}
          </time>
        </Figure>
        <Names label={text.plugins.requires} names={plugin.requires} />
        <Names label={text.plugins.optional} names={plugin.optional} />
        <Names label={text.plugins.provides} names={plugin.provides} />
      </dl>
      {lastError ? (
        <div>
          <p className="text-xs font-medium">
            {text.plugins.lastError}
            {lastErrorAt ? <span className="font-normal text-muted-foreground"> · {ago(new Date(lastErrorAt * 1000).toISOString())}</span> : null}
          </p>
          <pre className="mt-1 max-h-60 overflow-auto rounded-md bg-card p-2 font-mono text-2xs whitespace-pre-wrap" tabIndex={0}>
            {lastError}
          </pre>
        </div>
      ) : null}
      {plugin.settingsSchema ? (
        <section aria-label={text.plugins.settingsOf(plugin.id)}>
          <h3 className="mb-3 text-xs font-semibold">{text.plugins.settings}</h3>
          <SettingsForm id={plugin.id} />
        </section>
      ) : (
        <p className="text-xs text-muted-foreground">{text.plugins.noSettings}</p>
      )}
    </div>
  );
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-muted-foreground">{label}</dt>
      <dd className="font-medium tabular-nums">{children}</dd>
    </div>
  );
}

function Names({ label, names }: { label: string; names: string[] }) {
  if (names.length === 0) return null;
  return (
    <div>
      <dt className="text-muted-foreground">{label}</dt>
      <dd className="break-words">{names.join(", ")}</dd>
    </div>
  );
}
