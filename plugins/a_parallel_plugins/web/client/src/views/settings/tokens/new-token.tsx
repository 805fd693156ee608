import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { messageOf } from "@/api/errors";
import { useSession } from "@/api/session";
import { queries } from "@/data/query";
import { tokensQuery } from "@/data/settings";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/code";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Select } from "@/ui/select";
import { Alert } from "@/ui/states";
import { Checkbox } from "@/ui/switch";

type Scope = Schema["NewToken"]["scopes"][number];

const SCOPES: readonly Scope[] = ["read", "run", "admin"];
const EXPIRIES = ["7", "30", "90", "365", "never"] as const;

/** Makes a token and shows it, once. */
export function NewToken({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [created, setCreated] = useState<string | null>(null);
  const close = () => {
    setCreated(null);
    onClose();
  };
  return (
    <Dialog open={open} onOpenChange={(wanted) => wanted || close()}>
      <DialogContent
        title={created ? text.tokens.createdTitle : text.tokens.createTitle}
        onInteractOutside={(event) => created && event.preventDefault()}
      >
        {created ? <Created token={created} onDone={close} /> : <Form onCreated={setCreated} onCancel={close} />}
      </DialogContent>
    </Dialog>
  );
}

function Created({ token, onDone }: { token: string; onDone: () => void }) {
  return (
    <div className="grid gap-3">
      <Alert tone="warning">{text.tokens.createdHelp}</Alert>
      <div className="flex items-center gap-2 rounded-md border border-border bg-muted px-3 py-2">
        <code className="min-w-0 flex-1 font-mono text-xs break-all select-all" data-token>
          {token}
        </code>
        <CopyButton value={token} />
      </div>
      <DialogActions>
        <Button variant="primary" onClick={onDone}>
          {text.tokens.done}
        </Button>
      </DialogActions>
    </div>
  );
}

function Form({ onCreated, onCancel }: { onCreated: (token: string) => void; onCancel: () => void }) {
  const { user } = useSession();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["read"]);
  const [expires, setExpires] = useState<(typeof EXPIRIES)[number]>("90");
  const create = useMutation({
    mutationFn: () =>
      call(
        api.POST("/api/auth/tokens", {
          body: { name: name.trim(), scopes: [...scopes], expiresInDays: expires === "never" ? undefined : Number(expires) },
        }),
      ),
    onSuccess: (answer) => {
      onCreated(answer.token);
      void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
    meta: { failed: false },
  });
  const offered = SCOPES.filter((scope) => scope !== "admin" || user?.role === "admin");
  const toggle = (scope: Scope, on: boolean) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope));
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Field label={text.tokens.name}>
        {(ids) => (
          <Input {...ids} autoFocus required maxLength={100} value={name} placeholder={text.tokens.namePlaceholder} onChange={(event) => setName(event.target.value)} />
        )}
      </Field>
      <fieldset className="grid gap-2">
        <legend className="mb-1.5 text-xs font-medium">{text.tokens.scopes}</legend>
        {offered.map((scope) => (
          <ScopeChoice key={scope} scope={scope} checked={scopes.includes(scope)} onChange={(on) => toggle(scope, on)} />
        ))}
        {scopes.length === 0 ? <p className="text-xs text-destructive">{text.tokens.chooseScope}</p> : null}
      </fieldset>
      <Field label={text.tokens.expires}>
        {({ id }) => <Select id={id} value={expires} onChange={setExpires} options={EXPIRIES.map((value) => ({ value, label: text.tokens.expiries[value] }))} />}
      </Field>
      {create.error ? <Alert tone="danger">{messageOf(create.error)}</Alert> : null}
      <DialogActions>
        <Button variant="outline" onClick={onCancel}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant="primary" busy={create.isPending} disabled={!name.trim() || scopes.length === 0}>
          {text.tokens.create}
        </Button>
      </DialogActions>
    </form>
  );
}

function ScopeChoice({ scope, checked, onChange }: { scope: Scope; checked: boolean; onChange: (on: boolean) => void }) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <Checkbox id={id} className="mt-0.5" checked={checked} onCheckedChange={(on) => onChange(on === true)} />
      <label htmlFor={id} className="grid text-[0.8125rem]">
        {text.tokens.scopeNames[scope]}
        <span className="text-xs text-muted-foreground">{text.tokens.scopeHelp[scope]}</span>
      </label>
    </div>
  );
}
