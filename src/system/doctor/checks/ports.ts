import { flagOf, optionalNumberOf } from "../../../core/config/access.ts";
import type { Finding, Listener, ModuleCheck, ModuleFacts } from "../types.ts";
import { couldNotLook } from "./findings.ts";

const UNPRIVILEGED = "proc/sys/net/ipv4/ip_unprivileged_port_start";

/** A port the module binds while it runs, named by the option that says so. */
interface WantedPort {
  readonly option: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly on: "any" | "loopback";
  readonly service: string;
}

export const portsTaken: ModuleCheck = {
  id: "ports",
  title: "ports are free or ours",
  run: (module, { listeners }) => {
    if (!module.config.ok) return [couldNotLook(module.config.reason)];
    const wanted = wantedPorts(module);
    if (wanted.length === 0) return undefined;
    if (!listeners.ok) return [couldNotLook(listeners.reason, "/proc/net/tcp")];
    return wanted.flatMap((port) => {
      const rivals = listeners.value.filter((listener) => isInTheWay(port, listener) && !isOurs(module, listener));
      // What listens on IPv6 only is not in the way of nginx; the kernel does not tell which does.
      const [rival] = [...rivals].sort((a, b) => a.family - b.family);
      return rival === undefined ? [] : [taken(port, rival, module)];
    });
  },
};

export const lowPorts: ModuleCheck = {
  id: "low-ports",
  title: "right to the ports below 1024",
  run: (module, host) => {
    const first = host.kernel[UNPRIVILEGED];
    const low = wantedPorts(module).filter(({ port }) => port < (first.ok ? Number(first.value) : 1024));
    if (low.length === 0) return undefined;
    const may = module.nginxMayBindLow;
    return low.flatMap(({ option, port, service }): Finding[] => {
      if (service === "ftp" || service === "sftp") return host.uid === 0 ? [] : [lowInBox(option, port)];
      if (service !== "nginx") return [];
      if (!may.ok) return [couldNotLook(may.reason, option)];
      if (may.value) return [];
      return [
        {
          state: "ERROR",
          place: option,
          message: `port ${port} needs a right that ${module.programs.nginx ?? "nginx"} does not have here`,
          fix: `\`sudo setcap cap_net_bind_service=+ep ${module.programs.nginx ?? "nginx"}\`, or \`sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}\``,
        },
      ];
    });
  },
};

/** No right of a program leads out of a user namespace. */
function lowInBox(option: string, port: number): Finding {
  return {
    state: "ERROR",
    place: option,
    message: `port ${port} needs a right that no program in a box has`,
    fix: `\`sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}\`, or let the firewall lead port ${port} to one from 1024 on`,
  };
}

/** The TCP and UDP ports the configuration asks for. */
function wantedPorts({ config, paths, plan }: ModuleFacts): readonly WantedPort[] {
  if (!config.ok) return [];
  const values = config.value;
  const port = (option: string): number => optionalNumberOf(values, option) ?? 0;
  const web = flagOf(values, "nginx.flag")
    ? ["nginx.port", ...(paths.module === "mfserv" ? ["nginx.https_port"] : [])]
    : [];
  const metrics = plan.ok && plan.value.services["telegraf"] !== undefined;
  const drops =
    paths.module === "mfdata" ? (["ftp", "sftp"] as const).filter((one) => flagOf(values, `${one}.flag`)) : [];
  const all: WantedPort[] = [
    ...web.map((option) => ({ option, port: port(option), protocol: "tcp", on: "any", service: "nginx" }) as const),
    ...(paths.module === "mfdata"
      ? [{ option: "redis.port", port: port("redis.port"), protocol: "tcp", on: "loopback", service: "redis" } as const]
      : []),
    ...drops.map((one) => {
      return { option: `${one}.port`, port: port(`${one}.port`), protocol: "tcp", on: "any", service: one } as const;
    }),
    ...(metrics
      ? [
          {
            option: "telegraf.statsd_port",
            port: port("telegraf.statsd_port"),
            protocol: "udp",
            on: "loopback",
            service: "telegraf",
          } as const,
        ]
      : []),
  ];
  return all.filter((wanted) => wanted.port > 0);
}

function isInTheWay({ port, protocol, on }: WantedPort, listener: Listener): boolean {
  if (listener.port !== port || listener.protocol !== protocol) return false;
  if (listener.family === 6 && listener.address !== "any") return false;
  return on === "any" || listener.address !== "other";
}

function isOurs({ run }: ModuleFacts, { process }: Listener): boolean {
  return run.pid !== undefined && process?.ancestors.includes(run.pid) === true;
}

function taken(wanted: WantedPort, rival: Listener, module: ModuleFacts): Finding {
  const { option, port, protocol } = wanted;
  const where = { place: option } as const;
  const name = `${protocol} port ${port}`;
  if (rival.process === undefined) {
    return {
      ...where,
      state: "ERROR",
      message: `${name} is taken by a process of the user with number ${rival.uid}, which this user may not look at`,
      fix: `see who it is with \`sudo ss -lnp 'sport = :${port}'\`, or set another \`${option}\``,
    };
  }
  const { pid, command } = rival.process;
  if (command.includes(module.paths.runtime)) {
    return {
      ...where,
      state: "WARNING",
      message: `${name} is held by process ${pid}, left over from a supervisor that was killed: ${command}`,
      fix: `${module.paths.module}.start`,
    };
  }
  return {
    ...where,
    state: rival.family === 6 ? "WARNING" : "ERROR",
    message: `${name} is taken by process ${pid}${rival.family === 6 ? " (unless it takes IPv6 only)" : ""}: ${command}`,
    fix: `stop that process, or set another \`${option}\``,
  };
}
