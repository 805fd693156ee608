import { useState } from "react";
import type { Schema } from "@/api/client";
import { messageOf } from "@/api/errors";
import { useAddServer } from "@/data/mcp";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input, Textarea } from "@/ui/input";
import { Select } from "@/ui/select";
import { Alert } from "@/ui/states";
import { Segmented } from "@/ui/switch";
import { toast } from "@/ui/toast";
import { pairs, words } from "./parse";

type Kind = Schema["NewServer"]["type"];
type Scope = NonNullable<Schema["NewServer"]["scope"]>;

const KINDS: readonly Kind[] = ["http", "sse", "stdio"];
const SCOPES: readonly Scope[] = ["local", "project", "user"];

/** Adds a server that is reached over HTTP or started as a program. */
export function AddServer({ open, projectPath, onClose }: { open: boolean; projectPath: string; onClose: () => void }) {
  return (
    <Dialog open={open} onOpenChange={(wanted) => wanted || onClose()}>
      <DialogContent title={text.mcp.addTitle}>{open ? <Form projectPath={projectPath} onClose={onClose} /> : null}</DialogContent>
    </Dialog>
  );
}

function Form({ projectPath, onClose }: { projectPath: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const [type, setType] = useState<Kind>("http");
  const [target, setTarget] = useState("");
  const [more, setMore] = useState("");
  const [scope, setScope] = useState<Scope>("local");
  const [tried, setTried] = useState(false);
  const add = useAddServer(false);
  const program = type === "stdio";
  const read = pairs(more, program ? "=" : ":");
  const missing = (value: string) => (tried && !value.trim() ? text.mcp.missing : null);
  const submit = () => {
    setTried(true);
    if (!name.trim() || !target.trim() || "wrong" in read) return;
    const [command, ...args] = words(target);
    const values = Object.keys(read.values).length > 0 ? read.values : undefined;
    const where = program ? { command, args, env: values } : { url: target.trim(), headers: values };
    const added = () => {
      toast.success(text.mcp.added(name.trim()));
      onClose();
    };
    add.mutate({ name: name.trim(), type, projectPath, scope, ...where }, { onSuccess: added });
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
      <Segmented
        label={text.mcp.kind}
        value={type}
        onChange={setType}
        className="justify-self-start"
        options={KINDS.map((value) => ({ value, label: text.mcp.kinds[value] }))}
      />
      <Field label={text.mcp.name} help={text.mcp.nameHelp} error={missing(name)}>
        {(ids) => <Input {...ids} autoFocus value={name} spellCheck={false} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label={program ? text.mcp.command : text.mcp.url} help={program ? text.mcp.commandHelp : undefined} error={missing(target)}>
        {(ids) => (
          <Input
            {...ids}
            type={program ? "text" : "url"}
            className="font-mono"
            spellCheck={false}
            value={target}
            placeholder={program ? "npx -y @playwright/mcp@latest" : "https://mcp.example.com/mcp"}
            onChange={(event) => setTarget(event.target.value)}
          />
        )}
      </Field>
      <Field
        label={program ? text.mcp.env : text.mcp.headers}
        help={program ? text.mcp.envHelp : text.mcp.headersHelp}
        error={"wrong" in read ? text.mcp.notUnderstood(read.wrong) : null}
      >
        {(ids) => <Textarea {...ids} rows={2} className="min-h-16 font-mono" spellCheck={false} value={more} onChange={(event) => setMore(event.target.value)} />}
      </Field>
      <Field label={text.mcp.scope}>
        {({ id }) => <Select id={id} value={scope} onChange={setScope} options={SCOPES.map((value) => ({ value, label: text.mcp.scopes[value] }))} />}
      </Field>
      {add.isError ? <Alert tone="danger">{messageOf(add.error)}</Alert> : null}
      <DialogActions>
        <Button variant="outline" onClick={onClose}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant="primary" busy={add.isPending}>
          {text.common.add}
        </Button>
      </DialogActions>
    </form>
  );
}
