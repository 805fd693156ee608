import { ChevronDown, Cpu, Eye, PencilLine, ShieldQuestion } from "lucide-react";
import type { ReactNode } from "react";
import type { Schema } from "@/api/client";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Menu, MenuChoice, MenuContent, MenuGroup, MenuLabel, MenuTrigger } from "@/ui/menu";

export type Model = Schema["Model"];
export type PermissionMode = Schema["PermissionMode"];

export const MODELS: readonly Model[] = ["sonnet", "opus", "haiku"];
export const MODES: readonly PermissionMode[] = ["plan", "autoEdit", "confirmEdit"];

const MODE_ICONS: Record<string, ReactNode> = {
  plan: <Eye />,
  autoEdit: <PencilLine />,
  confirmEdit: <ShieldQuestion />,
};

export function ModelPicker({ value, onChange }: { value: string; onChange: (value: Model) => void }) {
  return (
    <Picker
      label={text.threads.model}
      icon={<Cpu />}
      value={value}
      onChange={onChange}
      options={MODELS}
      names={text.threads.models}
      hints={text.threads.modelHints}
    />
  );
}

export function ModePicker({ value, onChange }: { value: string; onChange: (value: PermissionMode) => void }) {
  return (
    <Picker
      label={text.threads.mode}
      icon={MODE_ICONS[value] ?? <PencilLine />}
      value={value}
      onChange={onChange}
      options={MODES}
      names={text.threads.permissionModes}
      hints={text.threads.permissionModeHints}
    />
  );
}

function Picker<Value extends string>({
  label,
  icon,
  value,
  onChange,
  options,
  names,
  hints,
}: {
  label: string;
  icon: ReactNode;
  value: string;
  onChange: (value: Value) => void;
  options: readonly Value[];
  names: Record<string, string>;
  hints: Record<string, string>;
}) {
  const name = names[value] ?? value;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="ghost" size="sm" aria-label={`${label}: ${name}`} className="h-9 min-w-0 shrink px-2 md:h-7 [&_svg]:size-3.5">
          {icon}
          <span className="truncate">{name}</span>
          <ChevronDown className="opacity-60" />
        </Button>
      </MenuTrigger>
      <MenuContent align="start" className="min-w-60">
        <MenuLabel>{label}</MenuLabel>
        <MenuGroup value={value} onValueChange={onChange as (value: string) => void}>
          {options.map((option) => (
            <MenuChoice key={option} value={option} hint={hints[option]}>
              {names[option] ?? option}
            </MenuChoice>
          ))}
        </MenuGroup>
      </MenuContent>
    </Menu>
  );
}
