import { useInfiniteQuery } from "@tanstack/react-query";
import { Lock } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { text } from "@/i18n";
import { ago } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Input } from "@/ui/input";
import { CardList } from "@/ui/page";
import { ErrorState, SkeletonList } from "@/ui/states";

export type Repository = Schema["Repositories"]["repos"][number];

/** The caller's repositories, page by page. */
export function Repositories({ onClone }: { onClone: (repository: Repository) => void }) {
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim());
  const found = useInfiniteQuery({
    queryKey: ["github", "repos", search],
    queryFn: ({ pageParam }) =>
      call(api.GET("/api/github/repos", { params: { query: { page: pageParam, per_page: 30, sort: "updated", search } } })),
    initialPageParam: 1,
    getNextPageParam: (last, pages) => (last.hasMore ? pages.length + 1 : undefined),
  });
  const repositories = found.data?.pages.flatMap((page) => page.repos) ?? [];
  return (
    <div className="grid gap-3">
      <Input type="search" aria-label={text.github.search} placeholder={text.github.search} value={typed} onChange={(event) => setTyped(event.target.value)} />
      {found.error ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.isPending ? <SkeletonList rows={4} /> : null}
      {found.data && repositories.length === 0 ? <p className="text-xs text-muted-foreground">{text.github.noRepositories}</p> : null}
      {repositories.length > 0 ? (
        <CardList>
          {repositories.map((repository) => (
            <li key={repository.id} className="flex items-center gap-3 px-4 py-2.5">
              <div className="min-w-0 flex-1">
                <p className="flex items-center gap-2">
                  <span className="truncate text-[0.8125rem] font-medium">{repository.full_name}</span>
                  {repository.private ? (
                    <Badge>
                      <Lock />
                      {text.github.private}
                    </Badge>
                  ) : null}
                </p>
                <p className="truncate text-xs text-muted-foreground">
                  {[repository.language, repository.updated_at ? text.github.updated(ago(repository.updated_at)) : null, repository.description]
                    .filter(Boolean)
                    .join(" · ")}
                </p>
              </div>
              <Button variant="outline" size="sm" onClick={() => onClone(repository)}>
                {text.github.clone}
              </Button>
            </li>
          ))}
        </CardList>
      ) : null}
      {found.hasNextPage ? (
        <Button variant="outline" className="justify-self-center" busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {text.github.loadMore}
        </Button>
      ) : null}
    </div>
  );
}
