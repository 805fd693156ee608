import { ChevronRight, EllipsisVertical, History, PencilLine, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { type Automation, useDeleteAutomation, useEnableAutomation, useRunAutomation } from "@/data/automations";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { ago, dateTime } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/ui/menu";
import { Switch } from "@/ui/switch";
import { toast } from "@/ui/toast";
import { Runs } from "./runs";
import { describe } from "./schedule";

/** One automation: what it does and when, with its runs folded below. */
export function AutomationRow({ automation, project, onEdit }: { automation: Automation; project: string; onEdit: () => void }) {
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState(false);
  const enable = useEnableAutomation();
  const run = useRunAutomation();
  const remove = useDeleteAutomation();
  const start = () => run.mutate(automation.id, { onSuccess: () => toast.success(text.automations.started) });
  return (
    <li>
      <div className="flex items-center gap-2 px-3 py-3 md:gap-3 md:px-4">
        <button
          type="button"
          aria-expanded={open}
          aria-label={text.automations.runsOf(automation.name)}
          onClick={() => setOpen(!open)}
          className="grid size-9 shrink-0 place-items-center rounded-md text-muted-foreground hover:bg-accent md:size-7"
        >
          <ChevronRight className={cn("size-4 transition-transform", open && "rotate-90")} />
        </button>
        <div className="min-w-0 flex-1">
          <p className="flex min-w-0 flex-wrap items-center gap-x-2">
            <span className="line-clamp-2 text-[0.8125rem] font-medium wrap-anywhere">{automation.name}</span>
            {automation.enabled ? null : <Badge>{text.automations.paused}</Badge>}
          </p>
          <p className="text-xs text-muted-foreground sm:truncate" title={automation.schedule}>
            {project} · {describe(automation.schedule) ?? automation.schedule}
            {automation.timezone ? ` (${automation.timezone})` : null}
          </p>
          <p className="text-2xs text-muted-foreground tabular-nums sm:truncate">{timesOf(automation)}</p>
        </div>
        <Switch
          checked={automation.enabled}
          aria-label={text.automations.pauseOf(automation.name)}
          onCheckedChange={(enabled) => enable.mutate({ id: automation.id, enabled })}
        />
        <IconButton className="hidden md:inline-flex" label={text.automations.runNow} busy={run.isPending} onClick={start}>
          <Play />
        </IconButton>
        <Menu>
          <MenuTrigger asChild>
            <IconButton className="size-9 md:size-7" label={text.automations.actionsOf(automation.name)}>
              <EllipsisVertical />
            </IconButton>
          </MenuTrigger>
          <MenuContent align="end">
            <MenuItem icon={<Play />} onSelect={start}>
              {text.automations.runNow}
            </MenuItem>
            <MenuItem icon={<PencilLine />} onSelect={onEdit}>
              {text.common.edit}
            </MenuItem>
            <MenuItem icon={<History />} onSelect={() => setOpen(true)}>
              {text.automations.runs}
            </MenuItem>
            <MenuSeparator />
            <MenuItem icon={<Trash2 />} danger onSelect={() => setAsking(true)}>
              {text.automations.remove}
            </MenuItem>
          </MenuContent>
        </Menu>
      </div>
      {open ? <Runs automation={automation} /> : null}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={text.automations.removeTitle(automation.name)}
        action={text.automations.remove}
        onConfirm={() => remove.mutateAsync(automation.id)}
      >
        {text.automations.removeHelp}
      </ConfirmDialog>
    </li>
  );
}

function timesOf({ enabled, nextRunAt, lastRunAt }: Automation): string {
  const parts = [lastRunAt ? text.automations.last(ago(lastRunAt)) : text.automations.neverRan];
  if (enabled && nextRunAt) parts.unshift(text.automations.next(dateTime(nextRunAt)));
  return parts.join(" · ");
}
