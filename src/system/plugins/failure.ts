import type { Diagnostic } from "../../core/base/diagnostic.ts";

/** How an operation on plugins ended. The reasons for failing are those that commands turn into exit codes. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly notes: readonly Diagnostic[] }
  | { readonly ok: false; readonly why: Refusal; readonly notes: readonly Diagnostic[] };

/** `refused`: nothing was tried; `failed`: it was, and undone; `name`: the wanted name is not one; `busy`: locked. */
export type Refusal = "refused" | "failed" | "name" | "busy";

export function done<T>(value: T, notes: readonly Diagnostic[] = []): Outcome<T> {
  return { ok: true, value, notes };
}

export function refused(why: Refusal, ...notes: readonly Diagnostic[]): Outcome<never> {
  return { ok: false, why, notes };
}

/** A diagnostic about an operation rather than a place in a file. */
export function problem(code: Diagnostic["code"], message: string, fix?: string): Diagnostic {
  return { code, severity: "error", message, ...(fix === undefined ? {} : { fix }) };
}

/** What an exception says, for a diagnostic. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
