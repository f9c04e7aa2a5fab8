import type { Diagnostic } from "../../../core/base/diagnostic.ts";
import type { Finding } from "../types.ts";

/** Said of what could not be looked at: never that it is well. */
export function couldNotLook(reason: string, place?: string): Finding {
  return { state: "UNKNOWN", message: `could not look: ${reason}`, ...(place === undefined ? {} : { place }) };
}

export function fromDiagnostic({ severity, code, message, at, fix, plugin }: Diagnostic): Finding {
  return {
    state: severity === "error" ? "ERROR" : "WARNING",
    message: `${message} [${code}]`,
    ...(at === undefined ? {} : { place: `${at.file}:${at.line}:${at.col}` }),
    ...(fix === undefined ? {} : { fix }),
    ...(plugin === undefined ? {} : { plugin }),
  };
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** `3.2 GiB`. */
export function bytes(count: number): string {
  const power = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const amount = count / 1024 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[power]}`;
}

/** `3 minutes`, `2 days`: one unit is exact enough. */
export function duration(ms: number): string {
  const units = [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1_000],
  ] as const;
  const [name, size] = units.find(([, unit]) => ms >= unit) ?? (["second", 1_000] as const);
  const count = Math.floor(ms / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
