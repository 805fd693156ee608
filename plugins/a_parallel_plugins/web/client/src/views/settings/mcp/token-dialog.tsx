import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "@/api/client";
import { messageOf } from "@/api/errors";
import { reloadServers } from "@/data/mcp";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog, DialogActions, DialogContent } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";

/** Takes a bearer token for a server that cannot be signed in at. */
export function TokenDialog({ name, projectPath, onClose }: { name: string | null; projectPath: string; onClose: () => void }) {
  return (
    <Dialog open={name !== null} onOpenChange={(open) => open || onClose()}>
      <DialogContent title={text.mcp.tokenTitle(name ?? "")}>
        {name !== null ? <Form name={name} projectPath={projectPath} onClose={onClose} /> : null}
      </DialogContent>
    </Dialog>
  );
}

function Form({ name, projectPath, onClose }: { name: string; projectPath: string; onClose: () => void }) {
  const [token, setToken] = useState("");
  const store = useMutation({
    mutationFn: () => call(api.POST("/api/mcp/oauth/token", { body: { serverName: name, projectPath, token: token.trim() } })),
    onSuccess: () => {
      void reloadServers();
      onClose();
    },
    meta: { failed: false },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        store.mutate();
      }}
    >
      <Field label={text.mcp.token} help={text.mcp.tokenHelp} error={store.error ? messageOf(store.error) : null}>
        {(ids) => <Input {...ids} autoFocus type="password" autoComplete="off" value={token} onChange={(event) => setToken(event.target.value)} />}
      </Field>
      <DialogActions>
        <Button variant="outline" onClick={onClose}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant="primary" busy={store.isPending} disabled={!token.trim()}>
          {text.common.save}
        </Button>
      </DialogActions>
    </form>
  );
}
