import { queryOptions, useMutation } from "@tanstack/react-query";
import { request } from "@/api/client";
import { queries } from "./query";

/** An account, as multi-user mode shows it to administrators (`http-features.md` §9.2). */
export interface Account {
  id: string;
  name: string;
  email: string;
  username: string | null;
  role: string | null;
  banned: boolean | null;
  banReason: string | null;
  createdAt: string;
}

export interface NewAccount {
  name: string;
  email: string;
  password: string;
  role: string;
  data: { username: string };
}

const BASE = "/api/auth/admin";

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async () => (await request<{ users: Account[] }>(`${BASE}/list-users?limit=1000`)).users,
});

/** What administrators do with accounts: the route's name and its body. */
export type UserAction =
  | { action: "create-user"; body: NewAccount }
  | { action: "set-role"; body: { userId: string; role: string } }
  | { action: "set-user-password"; body: { userId: string; newPassword: string } }
  | { action: "ban-user"; body: { userId: string; banReason?: string } }
  | { action: "unban-user" | "revoke-user-sessions"; body: { userId: string } }
  | { action: "remove-user"; body: { userId: string; transferTo: string } };

/** Carries out an action; `failed` is false where the caller shows the error. */
export function useUserAction(failed?: false) {
  return useMutation({
    mutationFn: ({ action, body }: UserAction) => request(`${BASE}/${action}`, { method: "POST", body: JSON.stringify(body) }),
    onSuccess: () => queries.invalidateQueries({ queryKey: usersQuery.queryKey }),
    meta: { failed },
  });
}
