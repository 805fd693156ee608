import { type InvalidateOptions, type InvalidateQueryFilters, MutationCache, QueryClient, type QueryKey } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";
import { toast } from "@/ui/toast";

declare module "@tanstack/react-query" {
  interface Register {
    mutationMeta: {
      /** Title of the toast when the mutation fails; `false` if the caller shows the error itself. */
      failed?: string | false;
    };
  }
}

/** A cache in which an event that comes while the first answer to a query is under way is not lost on it. */
export class Cache extends QueryClient {
  override invalidateQueries<Key extends QueryKey = QueryKey>(filters?: InvalidateQueryFilters<Key>, options?: InvalidateOptions): Promise<void> {
    // The library leaves a first fetch alone, but what it brings may be older than the event.
    const first = this.getQueryCache()
      .findAll(filters)
      .filter(({ state }) => state.fetchStatus === "fetching" && state.data === undefined);
    for (const { promise, queryKey } of first) {
      void promise?.then(
        () => super.invalidateQueries({ queryKey, exact: true }),
        () => undefined,
      );
    }
    return super.invalidateQueries(filters, options);
  }
}

/** The page's cache. Events keep it up to date, so nothing is fetched again merely because time has passed. */
export const queries = new Cache({
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
    },
    mutations: { retry: false },
  },
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      const failed = mutation.meta?.failed;
      if (failed !== false) toast.error(error, failed);
    },
  }),
});
