import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request, type Schema } from "@/api/client";
import { messageOf } from "@/api/errors";
import { useSession } from "@/api/session";
import { profileQuery, useSaveProfile } from "@/data/settings";
import { text } from "@/i18n";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Section } from "@/ui/page";
import { ErrorState, SkeletonList } from "@/ui/states";
import { toast } from "@/ui/toast";

type Profile = Schema["UserProfile"] | Schema["NoProfile"];

/** Git identity, GitHub token, and in multi-user mode the password. */
export default function ProfilePage() {
  const { mode } = useSession();
  const { data: profile, error, refetch } = useQuery(profileQuery);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!profile) return <SkeletonList rows={3} />;
  return (
    <>
      <Identity profile={profile} />
      <Token stored={profile.hasGithubToken ?? false} />
      {mode === "multi" ? <Password /> : null}
    </>
  );
}

function Identity({ profile }: { profile: Profile }) {
  const save = useSaveProfile();
  const [gitName, setName] = useState(profile.gitName ?? "");
  const [gitEmail, setEmail] = useState(profile.gitEmail ?? "");
  const same = gitName === (profile.gitName ?? "") && gitEmail === (profile.gitEmail ?? "");
  return (
    <Section title={text.profile.identity} description={text.profile.identityHelp}>
      <form
        className="grid max-w-lg gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate({ gitName: gitName.trim(), gitEmail: gitEmail.trim() }, { onSuccess: () => toast.success(text.common.saved) });
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={text.profile.name}>
            {(ids) => <Input {...ids} autoComplete="name" value={gitName} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label={text.profile.email} error={save.error ? messageOf(save.error) : null}>
            {(ids) => <Input {...ids} type="email" autoComplete="email" value={gitEmail} onChange={(event) => setEmail(event.target.value)} />}
          </Field>
        </div>
        <Button type="submit" variant="primary" className="justify-self-start" busy={save.isPending} disabled={same}>
          {text.common.save}
        </Button>
      </form>
    </Section>
  );
}

function Token({ stored }: { stored: boolean }) {
  const save = useSaveProfile();
  const [token, setToken] = useState("");
  const [replacing, setReplacing] = useState(false);
  const [asking, setAsking] = useState(false);
  const store = () =>
    save.mutate(
      { githubToken: token.trim() },
      {
        onSuccess: () => {
          setToken("");
          setReplacing(false);
          toast.success(text.profile.tokenStored);
        },
      },
    );
  return (
    <Section title={text.profile.token} description={text.profile.tokenHelp}>
      {stored && !replacing ? (
        <div className="flex flex-wrap items-center gap-2">
          <Badge tone="success">{text.profile.tokenThere}</Badge>
          <Button variant="outline" size="sm" onClick={() => setReplacing(true)}>
            {text.profile.tokenReplace}
          </Button>
          <Button variant="ghost" size="sm" onClick={() => setAsking(true)}>
            {text.profile.tokenRemove}
          </Button>
        </div>
      ) : (
        <form
          className="flex max-w-lg flex-wrap items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            store();
          }}
        >
          <Field label={text.profile.tokenField} className="min-w-56 flex-1" error={save.error ? messageOf(save.error) : null}>
            {(ids) => (
              <Input {...ids} type="password" autoComplete="off" placeholder="ghp_…" value={token} onChange={(event) => setToken(event.target.value)} />
            )}
          </Field>
          <Button type="submit" busy={save.isPending} disabled={!token.trim()} className="h-9 md:h-8">
            {text.profile.tokenStore}
          </Button>
        </form>
      )}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={text.profile.tokenRemove}
        action={text.settings.remove}
        onConfirm={() => save.mutateAsync({ githubToken: null }).catch(toast.error)}
      >
        {text.profile.tokenRemoveHelp}
      </ConfirmDialog>
    </Section>
  );
}

function Password() {
  const [currentPassword, setCurrent] = useState("");
  const [newPassword, setNew] = useState("");
  const change = useMutation({
    mutationFn: () =>
      request("/api/auth/change-password", {
        method: "POST",
        body: JSON.stringify({ currentPassword, newPassword, revokeOtherSessions: true }),
      }),
    onSuccess: () => {
      setCurrent("");
      setNew("");
      toast.success(text.profile.passwordChanged);
    },
    meta: { failed: false },
  });
  return (
    <Section title={text.profile.password} description={text.profile.passwordHelp}>
      <form
        className="grid max-w-lg gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={text.profile.currentPassword}>
            {(ids) => (
              <Input {...ids} type="password" autoComplete="current-password" value={currentPassword} onChange={(event) => setCurrent(event.target.value)} />
            )}
          </Field>
          <Field label={text.profile.newPassword} error={change.error ? messageOf(change.error) : null}>
            {(ids) => (
              <Input {...ids} type="password" autoComplete="new-password" value={newPassword} onChange={(event) => setNew(event.target.value)} />
            )}
          </Field>
        </div>
        <Button type="submit" className="justify-self-start" busy={change.isPending} disabled={!currentPassword || newPassword.length < 8}>
          {text.profile.changePassword}
        </Button>
      </form>
    </Section>
  );
}
