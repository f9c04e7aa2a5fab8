import type { Finding, Listener, ModuleCheck } from "../types.ts";
import { couldNotLook } from "./findings.ts";

const HERE = new Set(["localhost", "127.0.0.1", "::1", "ip6-localhost"]);

/** Only of this machine: nobody else is asked anything. */
export const peers: ModuleCheck = {
  id: "peers",
  title: "brokers and servers on this machine listen",
  run: ({ peers: wanted }, { listeners }) => {
    const local = wanted.filter(({ host }) => HERE.has(host.toLowerCase()));
    if (local.length === 0) return undefined;
    if (!listeners.ok) return [couldNotLook(listeners.reason, "/proc/net/tcp")];
    return local
      .filter(({ port }) => !listeners.value.some((one) => answers(one, port)))
      .map(
        ({ service, plugin, host, port }): Finding => ({
          state: "WARNING",
          plugin,
          message: `${service} connects to ${host}:${port}, where nobody listens: it tries again and again`,
          fix: `start that server, or correct the port and host in [custom] of ${plugin}`,
        }),
      );
  },
};

function answers({ protocol, port, address }: Listener, wanted: number): boolean {
  return protocol === "tcp" && port === wanted && address !== "other";
}
