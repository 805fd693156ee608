import { useState } from "react";
import { messageOf } from "@/api/errors";
import { useUserAction } from "@/data/users";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Select } from "@/ui/select";
import { Alert } from "@/ui/states";

const ROLES = ["user", "admin"] as const;

/** Adds an account. */
export function NewUser({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onOpenChange={(wanted) => wanted || onClose()}>
      <DialogContent title={text.users.addTitle}>{open ? <Form onClose={onClose} /> : null}</DialogContent>
    </Dialog>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [username, setUsername] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<(typeof ROLES)[number]>("user");
  const create = useUserAction(false);
  const submit = () =>
    create.mutate(
      {
        action: "create-user",
        // An address is needed for the account; who gives none gets one that is never written to.
        body: { name: name.trim() || username, email: email.trim() || `${username}@local.host`, password, role, data: { username } },
      },
      { onSuccess: onClose },
    );
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={text.users.username} help={text.users.usernameHelp}>
          {(ids) => (
            <Input
              {...ids}
              autoFocus
              required
              minLength={3}
              maxLength={30}
              pattern="[a-zA-Z0-9_.]+"
              autoComplete="off"
              autoCapitalize="none"
              value={username}
              onChange={(event) => setUsername(event.target.value)}
            />
          )}
        </Field>
        <Field label={text.users.name}>
          {(ids) => <Input {...ids} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={text.users.password} help={text.users.passwordHelp}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              required
              minLength={8}
              maxLength={128}
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Field label={text.users.email} help={text.users.emailHelp}>
          {(ids) => <Input {...ids} type="email" autoComplete="off" value={email} onChange={(event) => setEmail(event.target.value)} />}
        </Field>
      </div>
      <Field label={text.users.role} help={text.users.roleHelp}>
        {({ id }) => <Select id={id} value={role} onChange={setRole} options={ROLES.map((value) => ({ value, label: text.users.roles[value] }))} />}
      </Field>
      {create.error ? <Alert tone="danger">{messageOf(create.error)}</Alert> : null}
      <DialogActions>
        <Button variant="outline" onClick={onClose}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant="primary" busy={create.isPending}>
          {text.common.add}
        </Button>
      </DialogActions>
    </form>
  );
}
