import { useQuery } from "@tanstack/react-query";
import { ArchiveRestore } from "lucide-react";
import { api, call } from "@/api/client";
import { queries } from "@/data/query";
import { type Thread, useChangeThread } from "@/data/threads";
import { text } from "@/i18n";
import { ago } from "@/lib/format";
import { IconButton } from "@/ui/button";
import { CardList, Section } from "@/ui/page";

const MOST = "100";

/** Threads out of the archive that fit; nothing while there are none. */
export function Archived({ projectId, search }: { projectId?: string; search: string }) {
  const { data } = useQuery({
    queryKey: ["threads", "archived", search],
    queryFn: () => call(api.GET("/api/threads/archived", { params: { query: { search, limit: MOST } } })),
  });
  const found = (data?.threads ?? []).filter((thread) => projectId === undefined || thread.projectId === projectId);
  if (found.length === 0) return null;
  return (
    <Section title={text.home.archived}>
      <CardList>
        {found.map((thread) => (
          <Row key={thread.id} thread={thread} />
        ))}
      </CardList>
    </Section>
  );
}

function Row({ thread }: { thread: Thread }) {
  const change = useChangeThread();
  const takeOut = () =>
    change.mutate(
      { id: thread.id, archived: false },
      { onSuccess: () => queries.invalidateQueries({ queryKey: ["threads"] }) },
    );
  return (
    <li className="flex items-center gap-3 px-4 py-2.5">
      <span className="min-w-0 flex-1 truncate text-[0.8125rem] text-muted-foreground">{thread.title}</span>
      <time className="text-2xs whitespace-nowrap text-muted-foreground" dateTime={thread.completedAt ?? thread.createdAt}>
        {ago(thread.completedAt ?? thread.createdAt)}
      </time>
      <IconButton label={text.home.unarchive} onClick={takeOut}>
        <ArchiveRestore />
      </IconButton>
    </li>
  );
}
