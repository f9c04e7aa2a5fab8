import { createServer } from "node:net";
import { type Connections, unixConnections } from "../../kit/linux/unix-connections.ts";
import type { InstanceStatus } from "../supervisor.ts";

/** What of a worker's state is told. */
export type PeerStatus = Pick<InstanceStatus, "state" | "pid" | "restarts" | "fails">;

/** The workers of one app, as nginx sees them: a group of sockets. */
export interface Upstream {
  /** As nginx calls it: `app.PLUGIN.APP`. */
  readonly name: string;
  readonly workers: readonly { readonly socket: string; readonly status: PeerStatus }[];
}

const MAX_HEAD_BYTES = 32 * 1024;
const HEAD_MS = 5_000;

/**
 * Answers every HTTP request on a socket, whose listening descriptor is given, with the state of the upstreams: JSON in the
 * shape the predecessor's clients read, or text (`?format=text`, `Accept: text/plain`). nginx is the only client; nothing is
 * looked at before it asks. Gives a function that ends it.
 */
export function serveUpstreams(
  fd: number,
  upstreams: () => readonly Upstream[] | Promise<readonly Upstream[]>,
): Promise<() => void> {
  const server = createServer((socket) => {
    let head = "";
    socket.setTimeout(HEAD_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    const answer = async (): Promise<void> => {
      socket.end(reply(head, await upstreams()));
    };
    socket.on("data", (chunk) => {
      head += chunk.toString("latin1");
      if (head.includes("\r\n\r\n")) void answer().catch(() => socket.destroy());
      else if (head.length > MAX_HEAD_BYTES) socket.destroy();
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd }, () => resolve(() => server.close()));
  });
}

function reply(head: string, upstreams: readonly Upstream[]): string {
  const asked = /^\S+ \S*?[?&]format=(\w+)/.exec(head)?.[1];
  const accepted = /^accept:\s*(.*)$/im.exec(head)?.[1] ?? "";
  const text = asked === "text" || (asked === undefined && /^text\/plain\b/.test(accepted));
  const body = text ? asText(upstreams) : `${JSON.stringify(asPeers(upstreams))}\n`;
  const type = text ? "text/plain; charset=utf-8" : "application/json";
  const lines = ["HTTP/1.1 200 OK", `Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`];
  return `${[...lines, "Cache-Control: no-store", "Connection: close", "", body].join("\r\n")}`;
}

type Peer = ReturnType<typeof peer>;

function asPeers(upstreams: readonly Upstream[]): Readonly<Record<string, readonly Peer[]>> {
  // Sockets are bound beside their place and then renamed; the kernel knows them by the name they were bound with.
  const connections = Map.groupBy(unixConnections(), ([path]) => path.replace(/\.[0-9a-f]{6}$/, ""));
  return Object.fromEntries(
    upstreams.map(({ name, workers }) => [
      name,
      workers.map(({ socket, status }, id) => peer(id, socket, status, connections.get(socket) ?? [])),
    ]),
  );
}

/** `conns`: connections a worker has taken, nginx's idle ones too; null where the kernel does not tell whose they are. */
function peer(id: number, socket: string, status: PeerStatus, own: readonly (readonly [string, Connections])[]) {
  const sum = (field: keyof Connections): number | null =>
    own.length === 0 ? null : own.reduce((total, [, one]) => total + one[field], 0);
  return {
    name: `unix:${socket}`,
    id,
    down: status.state !== "running",
    state: status.state,
    pid: status.pid ?? null,
    fails: status.fails,
    restarts: status.restarts,
    conns: sum("accepted"),
    waiting: sum("waiting"),
    weight: 1,
  };
}

function asText(upstreams: readonly Upstream[]): string {
  const groups = Object.entries(asPeers(upstreams)).map(([name, peers]) => {
    const rows = peers.map(({ name: server, down, state, pid, conns, waiting, fails, restarts }) =>
      [
        `    server ${server} ${down ? `down (${state})` : "up"}`,
        `${conns ?? "?"} connections, ${waiting ?? "?"} waiting, ${fails} fails, ${restarts} restarts, pid ${pid ?? "-"}`,
      ].join(": "),
    );
    return [`upstream ${name}`, ...rows, ""].join("\n");
  });
  return groups.join("");
}
