import { RotateCcw } from "lucide-react";
import { useId } from "react";
import { text } from "@/i18n";
import { IconButton } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input, Textarea } from "@/ui/input";
import { Select } from "@/ui/select";
import { Switch } from "@/ui/switch";
import { type Setting, written } from "./schema";

const UNSET = "unset";

interface Props {
  setting: Setting;
  field: string;
  /** What decides the setting elsewhere, so that it cannot be changed here. */
  decided: string | undefined;
  error: string | null;
  onChange: (field: string) => void;
  /** Given where the value was changed at run time. */
  onReset?: () => void;
}

/** One setting: its field, what it means, and the way back to the default. */
export function SettingField({ setting, field, decided, error, onChange, onReset }: Props) {
  const help = [setting.help, decided ? text.plugins.decidedBy(decided) : defaultOf(setting)].filter(Boolean).join(" ");
  const reset = onReset ? (
    <IconButton className="mt-[1.4rem] md:mt-[1.5rem]" label={text.plugins.resetOf(setting.title)} onClick={onReset}>
      <RotateCcw />
    </IconButton>
  ) : null;
  if (setting.kind === "boolean" && !setting.nullable) {
    return <OnOff title={setting.title} help={help} checked={field === "true"} disabled={decided !== undefined} onChange={onChange} reset={reset} />;
  }
  return (
    <div className="flex items-start gap-1">
      <Field label={setting.title} help={help} error={error} className="min-w-0 flex-1">
        {(ids) => <Control setting={setting} field={field} disabled={decided !== undefined} onChange={onChange} ids={ids} />}
      </Field>
      {reset}
    </div>
  );
}

function defaultOf(setting: Setting): string {
  if (setting.default === undefined || setting.kind === "boolean" || setting.kind === "json") return "";
  const value = written(setting, setting.default);
  return value ? text.plugins.defaultIs(value) : "";
}

function Control({
  setting,
  field,
  disabled,
  onChange,
  ids,
}: {
  setting: Setting;
  field: string;
  disabled: boolean;
  onChange: (field: string) => void;
  ids: { id: string };
}) {
  const { kind, nullable, choices, minimum, maximum } = setting;
  if (kind === "choice" || kind === "boolean") {
    const options = kind === "boolean" ? ["true", "false"] : choices;
    const names: Record<string, string> = { true: text.plugins.on, false: text.plugins.states.disabled ?? "" };
    return (
      <Select
        {...ids}
        disabled={disabled}
        value={field || UNSET}
        onChange={(value) => onChange(value === UNSET ? "" : value)}
        options={[
          ...(nullable ? [{ value: UNSET, label: text.plugins.unset }] : []),
          ...options.map((value) => ({ value, label: names[value] ?? value })),
        ]}
      />
    );
  }
  if (kind === "lines" || kind === "json") {
    return (
      <Textarea {...ids} rows={2} className="min-h-16 font-mono" spellCheck={false} disabled={disabled} value={field} onChange={(event) => onChange(event.target.value)} />
    );
  }
  const numeric = kind === "integer" || kind === "number";
  return (
    <Input
      {...ids}
      type={numeric ? "number" : "text"}
      step={kind === "integer" ? 1 : "any"}
      min={numeric ? minimum : undefined}
      max={numeric ? maximum : undefined}
      required={numeric && !nullable}
      spellCheck={false}
      placeholder={nullable ? text.plugins.unset : undefined}
      disabled={disabled}
      value={field}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function OnOff({
  title,
  help,
  checked,
  disabled,
  onChange,
  reset,
}: {
  title: string;
  help: string;
  checked: boolean;
  disabled: boolean;
  onChange: (field: string) => void;
  reset: React.ReactNode;
}) {
  const id = useId();
  return (
    <div className="flex items-start gap-3">
      <Switch
        id={id}
        checked={checked}
        disabled={disabled}
        aria-describedby={help ? `${id}-help` : undefined}
        onCheckedChange={(on) => onChange(String(on))}
      />
      <div className="min-w-0 flex-1">
        <label htmlFor={id} className="text-xs font-medium">
          {title}
        </label>
        {help ? (
          <p id={`${id}-help`} className="text-xs text-muted-foreground">
            {help}
          </p>
        ) : null}
      </div>
      {reset}
    </div>
  );
}
