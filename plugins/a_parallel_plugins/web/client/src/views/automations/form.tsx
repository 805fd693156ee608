import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { messageOf } from "@/api/errors";
import { type Automation, useRunAutomation, useSaveAutomation } from "@/data/automations";
import type { Project } from "@/data/projects";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input, Textarea } from "@/ui/input";
import { Select } from "@/ui/select";
import { Alert } from "@/ui/states";
import { toast } from "@/ui/toast";
import { type Draft, draftOf, MISSED, MODELS, OVERLAPS, PERMISSIONS } from "./draft";
import { describe } from "./schedule";
import { ScheduleField } from "./schedule-field";

/** What the form is about: a new automation of a project, or one that is there. */
export interface Editing {
  project: string;
  automation?: Automation;
}

export function AutomationForm({ editing, projects, onClose }: { editing: Editing | null; projects: Project[]; onClose: () => void }) {
  return (
    <Dialog open={editing !== null} onOpenChange={(open) => open || onClose()}>
      <DialogContent
        title={editing?.automation ? text.automations.editTitle : text.automations.addTitle}
        className="sm:w-[min(42rem,calc(100vw-2rem))]"
      >
        {editing ? <Form editing={editing} projects={projects} onClose={onClose} /> : null}
      </DialogContent>
    </Dialog>
  );
}

function Form({ editing, projects, onClose }: { editing: Editing; projects: Project[]; onClose: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(editing.project, editing.automation));
  const [tried, setTried] = useState(false);
  const save = useSaveAutomation();
  const run = useRunAutomation();
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const missing = (value: string) => (tried && !value.trim() ? text.automations.missing : null);
  const submit = (thenRun: boolean) => {
    setTried(true);
    if (!draft.name.trim() || !draft.prompt.trim() || describe(draft.schedule) === null) return;
    const body = { ...draft, name: draft.name.trim(), schedule: draft.schedule.trim(), baseBranch: draft.baseBranch?.trim() || null };
    save.mutate(
      { id: editing.automation?.id, body },
      {
        onSuccess: (saved) => {
          toast.success(text.automations.saved);
          if (thenRun) run.mutate(saved.id);
          onClose();
        },
      },
    );
  };
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit(false);
      }}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={text.automations.name} error={missing(draft.name)}>
          {(ids) => (
            <Input {...ids} autoFocus value={draft.name} placeholder={text.automations.namePlaceholder} onChange={(event) => change({ name: event.target.value })} />
          )}
        </Field>
        <Field label={text.automations.project}>
          {({ id }) => (
            <Select
              id={id}
              value={draft.projectId}
              disabled={editing.automation !== undefined}
              onChange={(projectId) => change({ projectId })}
              options={projects.map((project) => ({ value: project.id, label: project.name }))}
            />
          )}
        </Field>
      </div>
      <Field label={text.automations.prompt} help={text.automations.promptHelp} error={missing(draft.prompt)}>
        {(ids) => (
          <Textarea {...ids} rows={3} value={draft.prompt} placeholder={text.automations.promptPlaceholder} onChange={(event) => change({ prompt: event.target.value })} />
        )}
      </Field>
      <ScheduleField
        schedule={draft.schedule}
        timezone={draft.timezone}
        error={missing(draft.schedule)}
        onSchedule={(schedule) => change({ schedule })}
        onTimezone={(timezone) => change({ timezone })}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={text.threads.model}>
          {({ id }) => (
            <Select
              id={id}
              value={draft.model}
              onChange={(model) => change({ model })}
              options={MODELS.map((value) => ({ value, label: text.threads.models[value] ?? value }))}
            />
          )}
        </Field>
        <Field label={text.threads.mode}>
          {({ id }) => (
            <Select
              id={id}
              value={draft.permissionMode}
              onChange={(permissionMode) => change({ permissionMode })}
              options={PERMISSIONS.map((value) => ({ value, label: text.threads.permissionModes[value] ?? value }))}
            />
          )}
        </Field>
      </div>
      <More draft={draft} change={change} existing={editing.automation !== undefined} />
      {save.isError ? <Alert tone="danger">{messageOf(save.error)}</Alert> : null}
      <DialogActions>
        <Button variant="outline" onClick={onClose}>
          {text.common.cancel}
        </Button>
        <Button variant="outline" disabled={save.isPending} onClick={() => submit(true)}>
          {text.automations.saveAndRun}
        </Button>
        <Button type="submit" variant="primary" busy={save.isPending}>
          {text.common.save}
        </Button>
      </DialogActions>
    </form>
  );
}

function More({ draft, change, existing }: { draft: Draft; change: (changes: Partial<Draft>) => void; existing: boolean }) {
  return (
    <details className="group rounded-lg border border-border">
      <summary className="flex cursor-pointer list-none items-center gap-1.5 px-3 py-2 text-xs font-medium">
        <ChevronRight className="size-3.5 text-muted-foreground transition-transform group-open:rotate-90" />
        {text.automations.more}
      </summary>
      <div className="grid gap-4 px-3 pt-1 pb-3 sm:grid-cols-2">
        <Field label={text.automations.missed}>
          {({ id }) => (
            <Select
              id={id}
              value={draft.missedPolicy}
              onChange={(missedPolicy) => change({ missedPolicy })}
              options={MISSED.map((value) => ({ value, label: text.automations.missedPolicies[value] }))}
            />
          )}
        </Field>
        <Field label={text.automations.overlap}>
          {({ id }) => (
            <Select
              id={id}
              value={draft.overlapPolicy}
              onChange={(overlapPolicy) => change({ overlapPolicy })}
              options={OVERLAPS.map((value) => ({ value, label: text.automations.overlapPolicies[value] }))}
            />
          )}
        </Field>
        <Field label={text.automations.jitter}>
          {(ids) => (
            <Input {...ids} type="number" min={0} value={draft.jitter} onChange={(event) => change({ jitter: Math.max(0, event.target.valueAsNumber || 0) })} />
          )}
        </Field>
        {existing ? (
          <Field label={text.automations.history}>
            {(ids) => (
              <Input
                {...ids}
                type="number"
                min={1}
                max={100}
                value={draft.maxRunHistory}
                onChange={(event) => change({ maxRunHistory: event.target.valueAsNumber || 1 })}
              />
            )}
          </Field>
        ) : null}
        <Field label={text.automations.kind}>
          {({ id }) => (
            <Select
              id={id}
              value={draft.mode}
              onChange={(mode) => change({ mode })}
              options={(["default", "merge"] as const).map((value) => ({ value, label: text.automations.kinds[value] }))}
            />
          )}
        </Field>
        {draft.mode === "merge" ? (
          <Field label={text.automations.baseBranch} help={text.automations.baseBranchHelp}>
            {(ids) => <Input {...ids} className="font-mono" value={draft.baseBranch ?? ""} onChange={(event) => change({ baseBranch: event.target.value })} />}
          </Field>
        ) : null}
      </div>
    </details>
  );
}
