import { type ReactNode, useState } from "react";
import { messageOf } from "@/api/errors";
import { type Account, type UserAction, useUserAction } from "@/data/users";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Select } from "@/ui/select";
import { Alert } from "@/ui/states";
import { toast } from "@/ui/toast";

interface Asking {
  /** Whom it is about; null while nothing is asked. */
  user: Account | null;
  onClose: () => void;
}

export function PasswordDialog({ user, onClose }: Asking) {
  return (
    <Ask user={user} title={text.users.setPasswordTitle} onClose={onClose}>
      {(found) => <PasswordForm user={found} onClose={onClose} />}
    </Ask>
  );
}

function PasswordForm({ user, onClose }: { user: Account; onClose: () => void }) {
  const [newPassword, setPassword] = useState("");
  return (
    <ActionForm
      action={{ action: "set-user-password", body: { userId: user.id, newPassword } }}
      label={text.users.setPassword}
      onDone={() => {
        toast.success(text.users.passwordSet);
        onClose();
      }}
      onClose={onClose}
    >
      <Field label={text.users.password} help={text.users.passwordHelp}>
        {(ids) => (
          <Input
            {...ids}
            autoFocus
            type="password"
            required
            minLength={8}
            maxLength={128}
            autoComplete="new-password"
            value={newPassword}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
    </ActionForm>
  );
}

export function BanDialog({ user, onClose }: Asking) {
  return (
    <Ask user={user} title={text.users.banTitle} onClose={onClose}>
      {(found) => <BanForm user={found} onClose={onClose} />}
    </Ask>
  );
}

function BanForm({ user, onClose }: { user: Account; onClose: () => void }) {
  const [reason, setReason] = useState("");
  return (
    <ActionForm
      action={{ action: "ban-user", body: { userId: user.id, banReason: reason.trim() || undefined } }}
      label={text.users.ban}
      danger
      onDone={onClose}
      onClose={onClose}
    >
      <p className="text-[0.8125rem] text-muted-foreground">{text.users.banHelp}</p>
      <Field label={text.users.banReason}>
        {(ids) => <Input {...ids} autoFocus maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />}
      </Field>
    </ActionForm>
  );
}

/** Removes a user; `heir` is who gets what they own unless another is chosen. */
export function RemoveDialog({ user, users, heir, onClose }: Asking & { users: readonly Account[]; heir: string }) {
  return (
    <Ask user={user} title={text.users.removeTitle} onClose={onClose}>
      {(found) => <RemoveForm user={found} others={users.filter(({ id }) => id !== found.id)} heir={heir} onClose={onClose} />}
    </Ask>
  );
}

function RemoveForm({ user, others, heir, onClose }: { user: Account; others: readonly Account[]; heir: string; onClose: () => void }) {
  const [transferTo, setTransfer] = useState(heir);
  return (
    <ActionForm
      action={{ action: "remove-user", body: { userId: user.id, transferTo } }}
      label={text.users.remove}
      danger
      onDone={onClose}
      onClose={onClose}
    >
      <p className="text-[0.8125rem] text-muted-foreground">{text.users.removeHelp}</p>
      <Field label={text.users.transferTo}>
        {({ id }) => (
          <Select id={id} value={transferTo} onChange={setTransfer} options={others.map((one) => ({ value: one.id, label: one.username ?? one.name }))} />
        )}
      </Field>
    </ActionForm>
  );
}

function Ask({
  user,
  title,
  onClose,
  children,
}: Asking & { title: (name: string) => string; children: (user: Account) => ReactNode }) {
  return (
    <Dialog open={user !== null} onOpenChange={(open) => open || onClose()}>
      <DialogContent title={title(user?.name ?? "")}>{user ? children(user) : null}</DialogContent>
    </Dialog>
  );
}

function ActionForm({
  action,
  label,
  danger,
  onDone,
  onClose,
  children,
}: {
  action: UserAction;
  label: string;
  danger?: boolean;
  onDone: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const act = useUserAction(false);
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate(action, { onSuccess: onDone });
      }}
    >
      {children}
      {act.error ? <Alert tone="danger">{messageOf(act.error)}</Alert> : null}
      <DialogActions>
        <Button variant="outline" onClick={onClose}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant={danger ? "danger" : "primary"} busy={act.isPending}>
          {label}
        </Button>
      </DialogActions>
    </form>
  );
}
