import { Ellipsis, ExternalLink, Pencil, Play, RotateCw, Square, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { type StartupCommand, useDeleteCommand, useStartCommand, useStopCommand } from "@/data/commands";
import { text } from "@/i18n";
import { cn } from "@/lib/classes";
import { Button, IconButton } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/ui/menu";
import { addressIn } from "./address";
import { type Output, useOutput } from "./outputs";

interface Props {
  command: StartupCommand;
  active: boolean;
  onChoose: () => void;
  onEdit: () => void;
}

/** One command with its state, and what can be done with it. */
export function CommandRow({ command, active, onChoose, onEdit }: Props) {
  const output = useOutput(command);
  const start = useStartCommand();
  const stop = useStopCommand();
  const { label } = command;
  const begin = () => {
    onChoose();
    start.mutate(command);
  };
  return (
    <li className={cn("rounded-lg border border-transparent p-2", active ? "border-border bg-card shadow-sm" : "hover:bg-accent/50")}>
      <div className="flex items-center gap-2">
        <button type="button" aria-current={active || undefined} className="grid min-w-0 flex-1 text-left" onClick={onChoose}>
          <span className="flex items-center gap-2 text-[0.8125rem] font-medium">
            <StateDot output={output} />
            <bdi className="truncate">{label}</bdi>
          </span>
          <span className="truncate pl-4 font-mono text-2xs text-muted-foreground" title={command.command}>
            {command.command}
          </span>
        </button>
        {output?.running ? (
          <>
            <IconButton className="size-9 md:size-7" label={text.commands.restart(label)} disabled={start.isPending} onClick={begin}>
              <RotateCw className={start.isPending ? "animate-spin" : undefined} />
            </IconButton>
            <IconButton className="size-9 md:size-7" label={text.commands.stop(label)} disabled={stop.isPending} onClick={() => stop.mutate(command)}>
              <Square />
            </IconButton>
          </>
        ) : (
          <IconButton className="size-9 text-success md:size-7" label={text.commands.start(label)} disabled={start.isPending} onClick={begin}>
            <Play />
          </IconButton>
        )}
        <More command={command} onEdit={onEdit} />
      </div>
      {output?.running ? <Address command={command} output={output} /> : null}
    </li>
  );
}

/** The state as a dot; its name is read aloud. */
export function StateDot({ output }: { output: Output | undefined }) {
  const label = stateOf(output);
  const failed = !output?.running && (output?.exitCode ?? 0) !== 0;
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className={cn("size-2 shrink-0 rounded-full", output?.running ? "bg-success" : failed ? "bg-destructive" : "bg-muted-foreground/40")}
    />
  );
}

export function stateOf(output: Output | undefined): string {
  if (output?.running) return text.commands.running;
  if (output?.stopped) return text.commands.stopped;
  if (output && output.exitCode !== null) return text.commands.exited(output.exitCode);
  return text.commands.notRunning;
}

function Address({ command, output }: { command: StartupCommand; output: Output }) {
  const printed = output.pieces[0] ?? "";
  const url = useMemo(() => addressIn(printed, location.hostname, command.port), [printed, command.port]);
  if (!url) return null;
  return (
    <Button asChild size="sm" variant="link" className="mt-1 ml-1.5 h-9 max-w-full px-2.5 md:h-6">
      <a href={url} target="_blank" rel="noopener noreferrer" aria-label={text.commands.address(url)}>
        <ExternalLink className="size-3.5!" />
        <span className="truncate">{url.replace(/^https?:\/\//, "").replace(/\/$/, "")}</span>
      </a>
    </Button>
  );
}

function More({ command, onEdit }: { command: StartupCommand; onEdit: () => void }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteCommand();
  return (
    <>
      <Menu>
        <MenuTrigger asChild>
          <IconButton className="size-9 md:size-7" label={`${text.common.more}: ${command.label}`}>
            <Ellipsis />
          </IconButton>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem icon={<Pencil />} onSelect={onEdit}>
            {text.common.edit}
          </MenuItem>
          <MenuItem icon={<Trash2 />} danger onSelect={() => setAsking(true)}>
            {text.common.delete}
          </MenuItem>
        </MenuContent>
      </Menu>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={text.commands.deleteTitle(command.label)}
        action={text.common.delete}
        onConfirm={() => remove.mutateAsync(command)}
      >
        {text.commands.deleteHelp}
      </ConfirmDialog>
    </>
  );
}
