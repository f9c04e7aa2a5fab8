import { run } from "../../kit/exec.ts";

/** What systemd says of a unit, by the name of the property. */
export type UnitProperties = Readonly<Record<string, string>>;

/** The machine's systemd, or the one of a user. */
export type Manager = "--system" | "--user";

const ASK_MS = 10_000;
const SHOWN = ["Id", "ActiveState", "SubState", "MainPID", "NRestarts", "ActiveEnterTimestampMonotonic", "Result"];

/** Units by their name; one that a manager does not know is inactive. Empty: the manager does not answer. */
export async function showUnits(
  units: readonly string[],
  manager: Manager,
): Promise<ReadonlyMap<string, UnitProperties>> {
  if (units.length === 0) return new Map();
  const asked = await run(["systemctl", manager, "show", `--property=${SHOWN.join(",")}`, "--", ...units], {
    timeoutMs: ASK_MS,
  });
  const shown = asked.stdout
    .split("\n\n")
    .map(
      (block): UnitProperties =>
        Object.fromEntries([...block.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value])),
    );
  // Where no systemd runs there is one empty block.
  return new Map(shown.flatMap((one) => (one["Id"] === undefined ? [] : [[one["Id"], one] as const])));
}
