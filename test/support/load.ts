import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface LoadOptions {
  readonly port: number;
  /** Asked for in turn by every client; each must answer 200. */
  readonly paths: readonly string[];
  /** Clients that keep their connection for as long as the server lets them. */
  readonly keepAlive: number;
  /** Clients that open a connection for every request. */
  readonly fresh: number;
  /** Sends POST requests, which nobody may repeat: one that a connection ends under has failed. */
  readonly post?: boolean;
  /** Milliseconds a client rests between two requests, up to twice as long at random; 0. */
  readonly restMs?: number;
}

/** What became of the requests so far. */
export interface Figures {
  requests: number;
  ok: number;
  /** Status 500 and above. */
  serverErrors: number;
  /** Any other status but 200. */
  otherStatus: number;
  /** No connection could be made. */
  refused: number;
  /** The connection ended within the answer, before an answer on a fresh connection, or nothing came for ten seconds. */
  broken: number;
  /**
   * An idle connection, used again, ended before the first byte of an answer. RFC 9112 (9.3.1, 9.5) has a client repeat the
   * request, which then counts for itself; how often that was needed is counted here.
   */
  stale: number;
  connections: number;
  slowestMs: number;
}

export interface Load {
  readonly figures: Readonly<Figures>;
  /** Lets the requests under way end, and gives the final figures. */
  stop(): Promise<Readonly<Figures>>;
}

const PATIENCE_MS = 10_000;
const FORM = "message=hello";

/**
 * Sends GET (or POST) requests to a loopback port until it is stopped; every client waits for its answer before it goes on. One
 * that a failed test leaves behind does not keep the process.
 */
export function startLoad(options: LoadOptions): Load {
  const figures: Figures = {
    requests: 0,
    ok: 0,
    serverErrors: 0,
    otherStatus: 0,
    refused: 0,
    broken: 0,
    stale: 0,
    connections: 0,
    slowestMs: 0,
  };
  const stopping = new AbortController();
  const client = async (number: number): Promise<void> => {
    const keeps = number < options.keepAlive;
    let line: Line | undefined;
    for (let turn = number; !stopping.signal.aborted; turn++) {
      const path = options.paths[turn % options.paths.length] ?? "/";
      const begun = performance.now();
      figures.requests++;
      line = await request(options, path, keeps, line, figures);
      figures.slowestMs = Math.max(figures.slowestMs, performance.now() - begun);
      const rest = options.restMs ?? 0;
      if (rest > 0)
        await delay(rest * 2 * Math.random(), undefined, { signal: stopping.signal, ref: false }).catch(
          () => undefined,
        );
    }
    line?.close();
  };
  const clients = Array.from({ length: options.keepAlive + options.fresh }, (_, number) => client(number));
  return {
    figures,
    async stop() {
      stopping.abort();
      const hold = setInterval(() => undefined, 1_000);
      await Promise.all(clients);
      clearInterval(hold);
      return figures;
    },
  };
}

/** How many requests a client that repeats what it may repeat saw fail. */
export function failedOf({ serverErrors, otherStatus, refused, broken }: Readonly<Figures>): number {
  return serverErrors + otherStatus + refused + broken;
}

/** One request, repeated once where the standard says so. Gives the connection when it may be used again. */
async function request(
  { port, post = false }: LoadOptions,
  path: string,
  keeps: boolean,
  idle: Line | undefined,
  figures: Figures,
): Promise<Line | undefined> {
  const headers = `Host: 127.0.0.1\r\n${keeps ? "" : "Connection: close\r\n"}`;
  const form = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${FORM.length}\r\n\r\n${FORM}`;
  const text = `${post ? "POST" : "GET"} ${path} HTTP/1.1\r\n${headers}${post ? form : "\r\n"}`;
  if (idle?.open() === true) {
    const answer = await idle.ask(text);
    if (answer !== "nothing" || post) return taken(answer, idle, figures);
    figures.stale++;
  }
  figures.connections++;
  const line = await openLine(port);
  if (line === undefined) {
    figures.refused++;
    return undefined;
  }
  return taken(await line.ask(text), line, figures);
}

function taken(answer: Answer | "nothing" | "broken", line: Line, figures: Figures): Line | undefined {
  if (typeof answer === "string") {
    figures.broken++;
    return undefined;
  }
  if (answer.status === 200) figures.ok++;
  else if (answer.status >= 500) figures.serverErrors++;
  else figures.otherStatus++;
  if (!answer.last) return line;
  line.close();
  return undefined;
}

interface Answer {
  readonly status: number;
  /** The server said that it closes the connection. */
  readonly last: boolean;
}

/** A connection that carries one request at a time. */
interface Line {
  open(): boolean;
  /** `nothing`: it ended before the first byte of an answer. */
  ask(text: string): Promise<Answer | "nothing" | "broken">;
  close(): void;
}

function openLine(port: number): Promise<Line | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }).unref();
    socket.once("error", () => resolve(undefined));
    socket.once("connect", () => resolve(lineOn(socket)));
  });
}

function lineOn(socket: Socket): Line {
  let open = true;
  let received = "";
  let answered: ((answer: Answer | "nothing" | "broken") => void) | undefined;
  const settle = (answer: Answer | "nothing" | "broken"): void => {
    const tell = answered;
    answered = undefined;
    socket.setTimeout(0);
    tell?.(answer);
  };
  const ended = (): void => {
    open = false;
    settle(received === "" ? "nothing" : (parse(received, true) ?? "broken"));
  };
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    received += chunk;
    const answer = parse(received, false);
    if (answer !== undefined) settle(answer);
  });
  socket.on("end", ended);
  socket.on("error", ended);
  socket.on("close", ended);
  socket.on("timeout", () => {
    settle("broken");
    socket.destroy();
  });
  return {
    open: () => open,
    ask(text) {
      received = "";
      return new Promise((resolve) => {
        answered = resolve;
        socket.setTimeout(PATIENCE_MS);
        socket.write(text);
      });
    },
    close: () => socket.destroy(),
  };
}

/** The answer once all of it is there. */
function parse(text: string, ended: boolean): Answer | undefined {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const headers = text.slice(0, head).toLowerCase();
  const length = /\r\ncontent-length: *(\d+)/.exec(headers)?.[1];
  const chunked = /\r\ntransfer-encoding: *chunked/.test(headers);
  const rest = text.length - head - 4;
  const whole =
    length !== undefined
      ? rest >= Number(length)
      : chunked
        ? /\r\n0\r\n\r\n$|^0\r\n\r\n$/.test(text.slice(head + 2))
        : ended;
  return whole ? { status: Number(headers.slice(9, 12)), last: /\r\nconnection: *close/.test(headers) } : undefined;
}
