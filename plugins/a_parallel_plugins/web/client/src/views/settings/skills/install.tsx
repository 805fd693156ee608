import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "@/api/client";
import { messageOf } from "@/api/errors";
import { queries } from "@/data/query";
import { text } from "@/i18n";
import { useTopic } from "@/live/hooks";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Progress } from "@/ui/states";
import { toast } from "@/ui/toast";

export type Installing = ReturnType<typeof useInstall>;

export const reloadSkills = () => queries.invalidateQueries({ queryKey: ["skills"] });

export function useInstall() {
  return useMutation({
    mutationFn: (identifier: string) => call(api.POST("/api/skills", { body: { identifier } })),
    onSuccess: (_answer, identifier) => {
      toast.success(text.skills.installedNow(identifier));
      return reloadSkills();
    },
    meta: { failed: false },
  });
}

/** Takes what is to be installed, and shows how far an installation is, whoever has begun it. */
export function InstallForm({ install }: { install: Installing }) {
  const [identifier, setIdentifier] = useState("");
  return (
    <form
      className="mb-4 grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        install.mutate(identifier.trim(), { onSuccess: () => setIdentifier("") });
      }}
    >
      <div className="flex flex-wrap items-start gap-2">
        <Field
          label={text.skills.identifier}
          help={text.skills.identifierHelp}
          error={install.error ? messageOf(install.error) : null}
          className="min-w-56 flex-1"
        >
          {(ids) => (
            <Input {...ids} className="font-mono" spellCheck={false} value={identifier} placeholder="anthropics/skills@webapp-testing" onChange={(event) => setIdentifier(event.target.value)} />
          )}
        </Field>
        <Button type="submit" variant="primary" className="h-9 max-sm:w-full sm:mt-[1.4rem] md:h-8" busy={install.isPending} disabled={!identifier.trim()}>
          {text.settings.install}
        </Button>
      </div>
      {install.isPending ? <Step key={install.variables} identifier={install.variables} /> : null}
    </form>
  );
}

function Step({ identifier }: { identifier: string }) {
  const [step, setStep] = useState<{ phase: string; percent: number | null }>({ phase: "fetching", percent: null });
  useTopic("skills:progress", ({ identifier: whose, phase, percent }) => {
    if (whose === identifier) setStep({ phase, percent: percent ?? null });
  });
  const label = text.skills.phases[step.phase] ?? text.skills.installing;
  return (
    <div className="grid gap-1.5">
      <p role="status" className="truncate text-xs text-muted-foreground">
        {label} <span className="font-mono">{identifier}</span>
      </p>
      <Progress value={step.percent} label={label} />
    </div>
  );
}
