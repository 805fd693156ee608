import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useSwitchPlugin } from "@/data/settings";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Badge, type Tone } from "@/ui/badge";
import { ConfirmDialog } from "@/ui/confirm";
import { Switch } from "@/ui/switch";
import { Details } from "./details";

export type PluginView = Schema["PluginView"];

const TONES: Record<string, Tone> = {
  running: "success",
  starting: "info",
  stopping: "info",
  degraded: "warning",
  blocked: "warning",
  incompatible: "danger",
  failed: "danger",
};

/** One plugin: its state and switch, with figures and settings folded below. */
export function PluginRow({ plugin, dependents }: { plugin: PluginView; dependents: string[] }) {
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState(false);
  const turn = useSwitchPlugin();
  const { id, state, error, decidedBy, version, distribution } = plugin;
  const on = state !== "disabled";
  return (
    <li>
      <div className="flex items-center gap-2 px-3 py-2.5 md:gap-3 md:px-4">
        <button
          type="button"
          aria-expanded={open}
          aria-label={text.plugins.details(id)}
          onClick={() => setOpen(!open)}
          className="grid size-9 shrink-0 place-items-center rounded-md text-muted-foreground hover:bg-accent md:size-7"
        >
          <ChevronRight className={cn("size-4 transition-transform", open && "rotate-90")} />
        </button>
        <div className="min-w-0 flex-1">
          <p className="flex items-center gap-2">
            <span className="truncate text-[0.8125rem] font-medium">{id}</span>
            <Badge tone={TONES[state] ?? "neutral"}>{text.plugins.states[state] ?? state}</Badge>
            {plugin.errorsInARow > 0 ? <Badge tone="warning">{text.plugins.errorCount(plugin.errors)}</Badge> : null}
          </p>
          <p className={cn("truncate text-xs", error ? "text-destructive" : "text-muted-foreground")}>
            {error ?? (decidedBy ? text.plugins.decided(decidedBy) : `${distribution} ${version}`)}
          </p>
        </div>
        <Switch
          aria-label={text.plugins.switchOf(id)}
          checked={turn.isPending ? turn.variables.on : on}
          disabled={turn.isPending}
          onCheckedChange={(wanted) => (wanted ? turn.mutate({ id, on: true }) : setAsking(true))}
        />
      </div>
      {open ? <Details plugin={plugin} /> : null}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={text.plugins.offTitle(id)}
        action={text.plugins.off}
        onConfirm={() => turn.mutateAsync({ id, on: false }).catch(() => undefined)}
      >
        {dependents.length > 0 ? (
          <>
            <p>{text.plugins.offHelp}</p>
            <p className="mt-1 font-medium text-foreground">{dependents.join(", ")}</p>
          </>
        ) : (
          text.plugins.offHelpAlone
        )}
      </ConfirmDialog>
    </li>
  );
}
