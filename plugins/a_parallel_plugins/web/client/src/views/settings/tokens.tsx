import { useMutation, useQuery } from "@tanstack/react-query";
import { KeyRound, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { queries } from "@/data/query";
import { tokensQuery } from "@/data/settings";
import { text } from "@/i18n";
import { ago, dateTime } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button, IconButton } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm";
import { CardList, Section } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { NewToken } from "./tokens/new-token";

type Token = Schema["AccessToken"];

/** Access tokens for programs that use the API. */
export default function TokensPage() {
  const { data: tokens, error, refetch } = useQuery(tokensQuery);
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const revoke = useMutation({
    mutationFn: (id: string) => call(api.DELETE("/api/auth/tokens/{id}", { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  const add = (
    <Button variant="primary" onClick={() => setAdding(true)}>
      <Plus />
      {text.tokens.create}
    </Button>
  );
  return (
    <Section title={text.settings.pages.tokens} description={text.tokens.help} actions={tokens?.length ? add : undefined}>
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {!error && !tokens ? <SkeletonList rows={3} /> : null}
      {tokens?.length === 0 ? (
        <EmptyState icon={KeyRound} title={text.tokens.empty} action={add} className="py-8">
          {text.tokens.emptyHelp}
        </EmptyState>
      ) : null}
      {tokens?.length ? (
        <CardList>
          {tokens.map((token) => (
            <Row key={token.id} token={token} onRevoke={() => setRevoking(token)} />
          ))}
        </CardList>
      ) : null}
      <NewToken open={adding} onClose={() => setAdding(false)} />
      <ConfirmDialog
        open={revoking !== null}
        onOpenChange={() => setRevoking(null)}
        title={text.tokens.revokeTitle(revoking?.name ?? "")}
        action={text.tokens.revoke}
        onConfirm={() => revoking && revoke.mutateAsync(revoking.id)}
      >
        {text.tokens.revokeHelp}
      </ConfirmDialog>
    </Section>
  );
}

function Row({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const { name, hint, scopes, expiresAt, lastUsedAt } = token;
  const expired = expiresAt !== null && Date.parse(expiresAt) < Date.now();
  return (
    <li className="flex items-center gap-3 px-4 py-2.5">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="truncate text-[0.8125rem] font-medium">{name}</span>
          {scopes.map((scope) => (
            <Badge key={scope} tone={scope === "admin" ? "warning" : "outline"}>
              {text.tokens.scopeNames[scope]}
            </Badge>
          ))}
          {expired ? <Badge tone="danger">{text.tokens.expired}</Badge> : null}
        </p>
        <p className="text-xs text-muted-foreground">
          <span className="font-mono">{hint}</span> · {expiresAt ? text.tokens.until(dateTime(expiresAt)) : text.tokens.forever} ·{" "}
          {lastUsedAt ? text.tokens.lastUsed(ago(lastUsedAt)) : text.tokens.neverUsed}
        </p>
      </div>
      <IconButton className="size-9 md:size-7" label={text.tokens.revokeOf(name)} onClick={onRevoke}>
        <Trash2 />
      </IconButton>
    </li>
  );
}
