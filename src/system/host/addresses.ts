import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { setTimeout } from "node:timers/promises";

const DNS_TIMEOUT_MS = 2000;

/** What the name service says of hosts, each asked for once, all at the same time; those without an answer within 2 s are missing. */
export async function addressesOf(names: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const answers = await Promise.all([...new Set(names)].map(async (name) => [name, await addressOf(name)] as const));
  return new Map(answers.flatMap(([name, address]) => (address === undefined ? [] : [[name, address] as const])));
}

/** IPv4 before IPv6; of several the same one each time, so that a name service that takes turns changes no environment. */
async function addressOf(name: string): Promise<string | undefined> {
  if (isIP(name) !== 0) return name;
  const late = new AbortController();
  try {
    const answer = lookup(name, { all: true, order: "ipv4first" });
    const found = await Promise.race([answer, setTimeout(DNS_TIMEOUT_MS, undefined, { signal: late.signal })]);
    const family = found?.[0]?.family;
    return found
      ?.filter((one) => one.family === family)
      .map(({ address }) => address)
      .sort()[0];
  } catch {
    return undefined;
  } finally {
    late.abort();
  }
}
