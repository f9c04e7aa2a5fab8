import { addressOf, isHostName } from "../module/env.ts";

type Settings = Readonly<Record<string, string>>;

const OF_HOSTS = /(?:^|_)HOSTNAME(?<many>S)?$/;
const SEPARATOR = ";";

/**
 * The settings with, beside each that names hosts, `..._IP` or, of several, `..._IPS`, unless somebody wrote that.
 * A host that is not among the known ones has `dns_error`.
 */
export function withAddresses(written: Settings, known: ReadonlyMap<string, string>): Record<string, string> {
  const settings = { ...written };
  for (const [name, variable] of wanted(written)) {
    const items = hostsIn(written[name] ?? "").map((item) => addressOf(item, known));
    settings[variable] = items.join(SEPARATOR);
  }
  return settings;
}

/** The hosts whose addresses `withAddresses` has a use for. */
export function hostsOf(written: Settings): readonly string[] {
  return wanted(written)
    .flatMap(([name]) => hostsIn(written[name] ?? ""))
    .filter(isHostName);
}

/** Names of settings, each with that of its addresses. */
function wanted(written: Settings): readonly (readonly [string, string])[] {
  return Object.keys(written).flatMap((name) => {
    const found = OF_HOSTS.exec(name);
    const variable = `${name}_IP${found?.groups?.["many"] ?? ""}`;
    return found === null || variable in written ? [] : [[name, variable] as const];
  });
}

function hostsIn(text: string): readonly string[] {
  return text.split(SEPARATOR).map((item) => item.trim());
}
