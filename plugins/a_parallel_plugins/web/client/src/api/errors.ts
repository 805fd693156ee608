import { text } from "@/i18n";

/** An answer of the server that is no success; `message` is the server's own text. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Puts together what an answer says about its failure: `error` is what happened, `message` why or what to do, and
 * `details` what was tried (`http-core.md` §6.2). A part that is said already is left out.
 */
export function errorText(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { error, message, details } = body as Record<string, unknown>;
  const parts = [error, message, details].filter((part): part is string => typeof part === "string" && part !== "");
  return parts.reduce<string | undefined>((told, part) => {
    if (told?.includes(part)) return told;
    return told ? `${told}${/[.:!?…]$/.test(told) ? "" : ":"} ${part}` : part;
  }, undefined);
}

/** Returns what to tell a person about `error`. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof TypeError) return text.common.unreachable;
  return error instanceof Error ? error.message : String(error);
}
