import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { messageOf } from "@/api/errors";
import { queries } from "@/data/query";
import { githubStatusQuery } from "@/data/settings";
import { text } from "@/i18n";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { Dialog, DialogContent } from "@/ui/dialog";
import { Card, Section } from "@/ui/page";
import { Alert, ErrorState, SkeletonList } from "@/ui/states";
import { Clone } from "../setup/clone";
import { DeviceFlow } from "./github/device-flow";
import { type Repository, Repositories } from "./github/repositories";

/** Where images may come from (`web/policy.py`); those of a GitHub Enterprise are left out. */
const AVATARS = "https://avatars.githubusercontent.com/";

/** The caller's account on GitHub, and what can be cloned from there. */
export default function GithubPage() {
  const { data: status, error, refetch } = useQuery(githubStatusQuery);
  const [cloning, setCloning] = useState<{ url?: string } | null>(null);
  const navigate = useNavigate();
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!status) return <SkeletonList rows={3} />;
  const added = (projectId: string) => void navigate({ to: "/projects/$projectId", params: { projectId } });
  return (
    <>
      <Section title={text.github.connection} description={text.github.connectionHelp}>
        {status.connected ? <Connected login={status.login ?? ""} /> : <Connect />}
      </Section>
      <Section
        title={text.github.repositories}
        actions={
          <Button variant="outline" size="sm" onClick={() => setCloning({})}>
            {text.github.cloneAddress}
          </Button>
        }
      >
        {status.connected ? (
          <Repositories onClone={(repository: Repository) => setCloning({ url: repository.clone_url })} />
        ) : (
          <p className="text-xs text-muted-foreground">{text.github.repositoriesHelp}</p>
        )}
      </Section>
      <Dialog open={cloning !== null} onOpenChange={(open) => open || setCloning(null)}>
        <DialogContent title={text.github.cloneTitle} description={text.github.cloneHelp}>
          {cloning ? <Clone address={cloning.url} onAdded={added} /> : null}
        </DialogContent>
      </Dialog>
    </>
  );
}

function Connected({ login }: { login: string }) {
  const [asking, setAsking] = useState(false);
  const { data: user } = useQuery({ queryKey: ["github", "user"], queryFn: () => call(api.GET("/api/github/user")) });
  const disconnect = useMutation({
    mutationFn: () => call(api.DELETE("/api/github/oauth/disconnect")),
    onSuccess: async () => {
      // The state first: what else is known of the account cannot be asked for any more.
      await queries.invalidateQueries(githubStatusQuery);
      queries.removeQueries({ queryKey: ["github"], type: "inactive" });
      return queries.invalidateQueries({ queryKey: ["profile"] });
    },
  });
  return (
    <Card className="flex items-center gap-3 px-4 py-3">
      {user?.avatar_url?.startsWith(AVATARS) ? <img src={user.avatar_url} alt="" className="size-9 rounded-full" /> : null}
      <div className="min-w-0 flex-1">
        <p className="truncate text-[0.8125rem] font-medium">{user?.name ?? login}</p>
        {user?.name && user.name !== login ? <p className="truncate text-xs text-muted-foreground">{login}</p> : null}
      </div>
      <Badge tone="success">{text.github.connected}</Badge>
      <Button variant="outline" size="sm" onClick={() => setAsking(true)}>
        {text.github.disconnect}
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={text.github.disconnectTitle}
        action={text.github.disconnect}
        onConfirm={() => disconnect.mutateAsync()}
      >
        {text.github.disconnectHelp}
      </ConfirmDialog>
    </Card>
  );
}

function Connect() {
  const [flow, setFlow] = useState<Schema["DeviceCode"] | null>(null);
  const begin = useMutation({
    mutationFn: () => call(api.POST("/api/github/oauth/device")),
    onSuccess: setFlow,
    meta: { failed: false },
  });
  if (flow) return <DeviceFlow key={begin.submittedAt} flow={flow} onAgain={() => begin.mutate()} onCancel={() => setFlow(null)} />;
  return (
    <Card className="grid gap-3 px-4 py-3">
      <div className="flex flex-wrap items-center justify-end gap-x-4 gap-y-3">
        <div className="min-w-[min(100%,16rem)] flex-1">
          <Badge>{text.github.disconnected}</Badge>
          <p className="mt-1.5 text-xs text-muted-foreground">{text.github.connectHelp}</p>
        </div>
        <div className="flex flex-wrap gap-2">
          <Button asChild variant="outline">
            <Link to="/settings/$page" params={{ page: "profile" }}>
              {text.github.useToken}
            </Link>
          </Button>
          <Button variant="primary" busy={begin.isPending} onClick={() => begin.mutate()}>
            {text.github.connect}
          </Button>
        </div>
      </div>
      {begin.error ? <Alert tone="danger">{messageOf(begin.error)}</Alert> : null}
    </Card>
  );
}
