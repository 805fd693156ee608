import { MutationCache, QueryClient } from "@tanstack/react-query";
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

/** The page's cache. Events keep it up to date, so nothing is fetched again merely because time has passed. */
export const queries = new QueryClient({
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
