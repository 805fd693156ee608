import createClient, { type FetchResponse, type Middleware } from "openapi-fetch";
import { ApiError, errorText } from "./errors";
import type { components, paths } from "./schema";
import { bearer, signedOut } from "./session";

/** The models of the server, by name: `Schema["Thread"]`. */
export type Schema = components["schemas"];

const authentication: Middleware = {
  onRequest({ request }) {
    const token = bearer();
    if (token) request.headers.set("Authorization", `Bearer ${token}`);
    return request;
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && !schemaPath.startsWith("/api/auth/")) signedOut();
    return response;
  },
};

/** The server's API, typed by its own OpenAPI document. Use it inside `call`. */
export const api = createClient<paths>({ credentials: "same-origin" });
api.use(authentication);

/** Returns the body of an answer, or throws an `ApiError` with the server's text. */
export async function call<T extends Record<string | number, unknown>, O, M extends `${string}/${string}`>(
  answer: Promise<FetchResponse<T, O, M>>,
): Promise<NonNullable<FetchResponse<T, O, M>["data"]>> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new ApiError(response.status, errorText(error) ?? `HTTP ${response.status}`);
  return data as NonNullable<FetchResponse<T, O, M>["data"]>;
}


/** Calls a route that the document does not describe, such as one of somebody else's plugin. */
export async function request<T = unknown>(path: string, init: RequestInit = {}): Promise<T> {
  const token = bearer();
  const headers = new Headers(init.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (init.body && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  const response = await fetch(path, { credentials: "same-origin", ...init, headers });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, errorText(body) ?? `HTTP ${response.status}`);
  return body as T;
}

/** A fresh key for a POST that may be sent again: the server does it once (`Idempotency-Key`). */
export function idempotencyKey(): string {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-");
}
