import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "@/api/client";
import { messageOf } from "@/api/errors";
import { useAddProject } from "@/data/projects";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Alert } from "@/ui/states";
import { FolderPicker } from "./folder-picker";

/** Part of the server's answer for a directory that git does not know (`http-core.md` §5.2). */
const NO_REPOSITORY = "Not a git repository";

/** Registers a directory on the server's machine as a project. */
export function AddFolder({ onAdded }: { onAdded: (projectId: string) => void }) {
  const [path, setPath] = useState("");
  const [named, setNamed] = useState<string | null>(null);
  const suggested = useQuery({
    queryKey: ["repo-name", path],
    queryFn: () => call(api.GET("/api/browse/repo-name", { params: { query: { path } } })),
    enabled: path !== "",
  });
  const name = named ?? suggested.data?.name ?? "";
  const add = useAddProject();
  const submit = () => add.mutate({ name, path }, { onSuccess: ({ id }) => onAdded(id) });
  const initialise = useMutation({
    mutationFn: () => call(api.POST("/api/browse/git-init", { body: { path } })),
    onSuccess: submit,
  });
  const problem = add.error ? messageOf(add.error) : null;
  const bare = problem?.includes(NO_REPOSITORY) ?? false;
  const choose = (next: string) => {
    setPath(next);
    add.reset();
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Field label={text.setup.folder}>{(ids) => <FolderPicker id={ids.id} value={path} onChange={choose} />}</Field>
      <Field label={text.setup.name} help={text.setup.nameTaken} error={bare ? null : problem}>
        {(ids) => <Input {...ids} value={name} onChange={(event) => setNamed(event.target.value)} required />}
      </Field>
      {bare ? (
        <Alert tone="warning" className="flex items-center gap-3">
          <span className="flex-1">{text.setup.noRepository}</span>
          <Button size="sm" variant="outline" busy={initialise.isPending} onClick={() => initialise.mutate()}>
            {text.setup.gitInit}
          </Button>
        </Alert>
      ) : null}
      <Button type="submit" variant="primary" className="justify-self-end" disabled={!path || !name} busy={add.isPending}>
        {text.setup.addFolder}
      </Button>
    </form>
  );
}
