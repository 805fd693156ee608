import { useSyncExternalStore } from "react";

export interface User {
  id: string;
  name: string;
  username: string | null;
  email: string;
  role: string | null;
}

/** Who uses this page. In local mode everybody is the one user, who may do everything. */
export interface Session {
  mode: "local" | "multi";
  /** Null while nobody is signed in. */
  user: User | null;
}

const LOCAL: User = { id: "__local__", name: "local", username: null, email: "", role: "admin" };

let session: Session | null = null;
let token: string | null = null;
let loading: Promise<Session> | null = null;
const listeners = new Set<() => void>();

function change(next: Session | null): void {
  session = next;
  for (const listener of listeners) listener();
}

/** The token of local mode, or null where a cookie does its work. */
export function bearer(): string | null {
  return token;
}

/** Finds out once who uses the page (`http-core.md` §4.3, `http-features.md` §9.1). */
export function loadSession(): Promise<Session> {
  loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function load(): Promise<Session> {
  const { mode } = await json<{ mode: "local" | "multi" }>("/api/auth/mode");
  if (mode === "local") {
    token = (await json<{ token: string }>("/api/auth/token")).token;
    change({ mode, user: LOCAL });
  } else {
    const found = await json<{ user: User } | null>("/api/auth/get-session");
    change({ mode, user: found?.user ?? null });
  }
  return session as Session;
}

/** Signs in by name and password; throws an Error with the server's text. */
export async function signIn(username: string, password: string, rememberMe: boolean): Promise<void> {
  const { user } = await json<{ user: User }>("/api/auth/sign-in/username", { username, password, rememberMe });
  change({ mode: "multi", user });
}

/** Ends the session here and on the server. */
export async function signOut(): Promise<void> {
  await json("/api/auth/sign-out", {}).catch(() => undefined);
  signedOut();
}

/** Notes that the server no longer knows the session. */
export function signedOut(): void {
  if (session?.mode === "multi" && session.user) change({ mode: "multi", user: null });
}

/** The session of this page; only below the root route, which waits for it. */
export function useSession(): Session {
  const current = useSyncExternalStore(subscribe, () => session);
  return current ?? { mode: "local", user: null };
}

export function currentSession(): Session | null {
  return session;
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function json<T>(path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    credentials: "same-origin",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = (await response.json().catch(() => null)) as (T & { message?: string; error?: string }) | null;
  if (!response.ok) throw new Error(answer?.message ?? answer?.error ?? `HTTP ${response.status}`);
  return answer as T;
}
