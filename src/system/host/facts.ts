/** Sockets and unique cores in the text of /proc/cpuinfo, proc(5); machines that do not tell count their processors. */
export function processorsOf(cpuinfo: string): { readonly processors: number; readonly cores: number } {
  const sockets = new Set<string>();
  const cores = new Set<string>();
  let threads = 0;
  for (const block of cpuinfo.split(/\n\s*\n/)) {
    if (!/^processor\s*:/m.test(block)) continue;
    threads++;
    const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1] ?? "0";
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
    sockets.add(socket);
    if (core !== undefined) cores.add(`${socket}/${core}`);
  }
  return { processors: Math.max(1, sockets.size), cores: Math.max(1, cores.size === 0 ? threads : cores.size) };
}

/** `MemTotal` of /proc/meminfo in KiB. */
export function memoryOf(meminfo: string): number {
  return Number(/^MemTotal:\s*(\d+)/m.exec(meminfo)?.[1] ?? 1);
}

export interface HostNames {
  readonly name: string;
  readonly fullName: string;
  readonly domain: string;
}

/** Short name, full name and domain, by the files hosts(5) and resolv.conf(5): the name service may change its mind. */
export function namesOf(hostname: string, hosts: string, resolvConf: string): HostNames {
  const [name = hostname] = hostname.split(".");
  const listed = hostLines(hosts).find(({ names }) => names.includes(hostname) || names.includes(name));
  const full = [hostname, ...(listed?.names ?? [])].find((candidate) => candidate.startsWith(`${name}.`));
  const local = /^\s*(?:domain|search)\s+(\S+)/m.exec(resolvConf)?.[1]?.replace(/\.$/, "") ?? "";
  const domain = full === undefined ? local : full.slice(name.length + 1);
  return { name, fullName: domain === "" ? name : `${name}.${domain}`, domain };
}

/** One IPv4 address of a network interface. */
export interface InterfaceAddress {
  readonly name: string;
  readonly address: string;
  readonly internal: boolean;
}

/** The machine's address: that of its name in hosts(5), else of the interface of the default route, else of any. */
export function addressOf(
  names: HostNames,
  hosts: string,
  routes: string,
  interfaces: readonly InterfaceAddress[],
): string {
  const wanted = [names.name, names.fullName];
  const listed = hostLines(hosts).filter((line) => line.names.some((name) => wanted.includes(name)));
  const outward = interfaces.filter(({ internal }) => !internal);
  const byName = [...outward].sort((a, b) => (a.name < b.name ? -1 : 1));
  return (
    listed.find(({ address }) => /^\d/.test(address) && !address.startsWith("127."))?.address ??
    byName.find(({ name }) => name === defaultInterface(routes))?.address ??
    byName[0]?.address ??
    "127.0.0.1"
  );
}

/** The interface of the default route with the smallest metric, in the text of /proc/net/route, proc(5). */
function defaultInterface(routes: string): string | undefined {
  const defaults = routes
    .split("\n")
    .map((line) => line.split("\t"))
    .filter((fields) => fields[1] === "00000000" && fields[7] === "00000000");
  return defaults.sort((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0];
}

function hostLines(hosts: string): readonly { readonly address: string; readonly names: readonly string[] }[] {
  return hosts.split("\n").flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    return address === undefined || address === "" ? [] : [{ address, names }];
  });
}
