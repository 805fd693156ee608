import { useState } from "react";
import { messageOf } from "@/api/errors";
import { type StartupCommand, useSaveCommand } from "@/data/commands";
import type { Project } from "@/data/projects";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input, Textarea } from "@/ui/input";
import { Select } from "@/ui/select";
import { Alert } from "@/ui/states";

/** What the form is about: a new command of a project, or one that is there. */
export interface Editing {
  project: string;
  command?: StartupCommand;
}

export function CommandForm({ editing, projects, onClose }: { editing: Editing | null; projects: Project[]; onClose: () => void }) {
  return (
    <Dialog open={editing !== null} onOpenChange={(open) => open || onClose()}>
      <DialogContent title={editing?.command ? text.commands.editTitle : text.commands.addTitle}>
        {editing ? <Form editing={editing} projects={projects} onClose={onClose} /> : null}
      </DialogContent>
    </Dialog>
  );
}

function Form({ editing, projects, onClose }: { editing: Editing; projects: Project[]; onClose: () => void }) {
  const [project, setProject] = useState(editing.project);
  const [label, setLabel] = useState(editing.command?.label ?? "");
  const [command, setCommand] = useState(editing.command?.command ?? "");
  const [tried, setTried] = useState(false);
  const save = useSaveCommand();
  const missing = (value: string) => (tried && !value.trim() ? text.commands.missing : null);
  const submit = () => {
    setTried(true);
    if (!label.trim() || !command.trim()) return;
    save.mutate({ project, id: editing.command?.id, label: label.trim(), command: command.trim() }, { onSuccess: onClose });
  };
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {!editing.command && projects.length > 1 ? (
        <Field label={text.commands.project}>
          {(ids) => <Select {...ids} value={project} onChange={setProject} options={projects.map(({ id, name }) => ({ value: id, label: name }))} />}
        </Field>
      ) : null}
      <Field label={text.commands.name} error={missing(label)}>
        {(ids) => <Input {...ids} autoFocus value={label} placeholder={text.commands.namePlaceholder} onChange={(event) => setLabel(event.target.value)} />}
      </Field>
      <Field label={text.commands.command} help={text.commands.commandHelp} error={missing(command)}>
        {(ids) => (
          <Textarea
            {...ids}
            rows={2}
            spellCheck={false}
            value={command}
            placeholder={text.commands.commandPlaceholder}
            className="min-h-16 font-mono"
            onChange={(event) => setCommand(event.target.value)}
          />
        )}
      </Field>
      {save.isError ? <Alert tone="danger">{messageOf(save.error)}</Alert> : null}
      <DialogActions>
        <Button variant="outline" onClick={onClose}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant="primary" busy={save.isPending}>
          {text.common.save}
        </Button>
      </DialogActions>
    </form>
  );
}
