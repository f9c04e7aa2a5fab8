import { readFileSync } from "node:fs";
import type { ExpectState } from "../../core/expect/types.ts";
import type { Check } from "./check.ts";

const SHOWN = 3;

/** What plugins expect and did not get. The module is healthy all the same: its sender is not. */
export function checkExpected(statePath: string): readonly Check[] {
  let state: ExpectState;
  try {
    state = JSON.parse(readFileSync(statePath, "utf8"));
  } catch {
    return [];
  }
  return Object.entries(state.watched).map(([key, { due }]): Check => {
    const [plugin = "", expectation = ""] = key.split("/");
    const name = `[expect_${expectation}] of ${plugin}`;
    const missing = due.filter(({ raisedAt }) => raisedAt !== undefined);
    if (missing.length === 0) return { name, state: "OK", plugin };
    const times = missing.slice(-SHOWN).map(({ at }) => `${new Date(at).toISOString().slice(0, 19)}Z`);
    const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} before` : "";
    return {
      name,
      state: "ERROR",
      message: `what was due at ${times.join(", ")}${more} has not arrived`,
      fix: "ask its sender; `metwork trace --missing PATTERN` says what did arrive",
      plugin,
    };
  });
}
