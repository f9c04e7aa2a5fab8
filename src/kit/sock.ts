import { connect, createServer, type Socket } from "node:net";
import { peerPid } from "./linux/peer.ts";
import { readProcess } from "./linux/process.ts";

/** Longest message taken, in bytes: a bound on memory, far above what any command needs. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;

/** What fits into `sun_path` of unix(7) before the final NUL. */
export const MAX_SOCKET_PATH_BYTES = 107;

/** Whether a unix socket can be bound to the path. */
export function fitsSocketAddress(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES && !path.includes("\0");
}

/** One end of a connection that carries JSON values, one a line (NDJSON). */
export interface Peer {
  send(message: unknown): void;
  /** Ends the connection once everything sent is on its way. */
  close(): void;
  /** Kills the process at the other end, and those of its group where it leads one. */
  kill(): void;
  /** Whether this connection alone keeps the process running. */
  holdProcess(hold: boolean): void;
}

/**
 * Serves NDJSON connections on a listening descriptor. Who may connect is decided by the mode of the socket's path.
 * A peer that sends something else than JSON is disconnected. `onClose` is called once per connection, however it ends.
 */
export function serveMessages(
  listenFd: number,
  onMessage: (message: unknown, peer: Peer) => void,
  onClose: (peer: Peer) => void = () => undefined,
): Promise<() => void> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    const peer = peerOn(socket);
    socket.on("close", () => {
      open.delete(socket);
      onClose(peer);
    });
    readMessages(socket, (message) => onMessage(message, peer));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ fd: listenFd }, () =>
      resolve(() => {
        server.close();
        for (const socket of open) socket.end();
      }),
    );
  });
}

/** Connects to a unix socket; nothing when nobody listens there. `onClose` is called once, however the connection ends. */
export function connectMessages(
  path: string,
  on: { message: (message: unknown) => void; close: () => void },
): Promise<Peer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("error", () => resolve(undefined));
    socket.once("connect", () => {
      socket.on("close", on.close);
      readMessages(socket, on.message);
      resolve(peerOn(socket));
    });
  });
}

function peerOn(socket: Socket): Peer {
  return {
    send: (message) => {
      if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
    },
    close: () => socket.end(),
    kill: () => {
      const pid = socket.closed ? undefined : peerPid(socket);
      if (pid !== undefined) killGroup(pid);
    },
    holdProcess: (hold) => {
      if (hold) socket.ref();
      else socket.unref();
    },
  };
}

/** A group is killed only by its leader's number: it is then whole and nobody else's. */
function killGroup(pid: number): void {
  try {
    process.kill(readProcess(pid)?.group === pid ? -pid : pid, "SIGKILL");
  } catch {
    // It has ended, or is somebody else's: then its connection is all that can be taken from it.
  }
}

function readMessages(socket: Socket, onMessage: (message: unknown) => void): void {
  let parts: Buffer[] = [];
  let size = 0;
  socket.on("data", (chunk: Buffer) => {
    const end = chunk.lastIndexOf(NEWLINE);
    const whole = end === -1 ? undefined : textOf(parts, chunk, end);
    if (whole !== undefined) {
      parts = [];
      size = 0;
    }
    // No byte of another character is a newline: what came together becomes text together.
    for (const line of whole?.split("\n") ?? []) {
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        socket.destroy();
        return;
      }
      onMessage(message);
    }
    const rest = chunk.subarray(end + 1);
    if (rest.length > 0) parts.push(rest);
    size += rest.length;
    if (size > MAX_MESSAGE_BYTES) socket.destroy();
  });
}

/** The text of these bytes and the first `end` of another chunk. */
function textOf(parts: readonly Buffer[], chunk: Buffer, end: number): string {
  if (parts.length === 0) return chunk.toString("utf8", 0, end);
  return Buffer.concat([...parts, chunk.subarray(0, end)]).toString("utf8");
}
