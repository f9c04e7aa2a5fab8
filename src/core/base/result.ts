import type { Diagnostic } from "./diagnostic.ts";

/** A value, or the reasons why there is none. Both carry what else the user should know. */
export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly notes: readonly Diagnostic[] }
  | { readonly ok: false; readonly notes: readonly Diagnostic[] };

export function success<T>(value: T, notes: readonly Diagnostic[] = []): Result<T> {
  return { ok: true, value, notes };
}

export function failure(...notes: readonly Diagnostic[]): Result<never> {
  return { ok: false, notes };
}

/** True when at least one note forbids going on. */
export function hasErrors(notes: readonly Diagnostic[]): boolean {
  return notes.some((note) => note.severity === "error");
}
