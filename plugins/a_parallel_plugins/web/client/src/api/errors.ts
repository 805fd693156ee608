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

/** Returns what to tell a person about `error`. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof TypeError) return text.common.unreachable;
  return error instanceof Error ? error.message : String(error);
}
