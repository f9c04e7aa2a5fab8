import { spawn } from "node:child_process";
import { closeSync, cpSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../../scripts/support/client.ts";
import { listenUnix } from "../../src/kit/linux/socket.ts";
import { probeUntilReady } from "../../src/system/supervise/ready.ts";
import type { Figures } from "../support/load.ts";
import { startLoad } from "../support/load.ts";
import { makeStreet, type Street } from "../support/street.ts";

export interface Swapped {
  /** What the clients saw. */
  readonly seen: Readonly<Figures>;
  /** What the command printed, swap by swap. */
  readonly proofs: readonly {
    readonly tookMs: number;
    readonly served: { readonly requests: number; readonly failed: number };
  }[];
  /** Milliseconds from the start of such a worker, beside the others, to its first answer: now and then, under the same load. */
  readonly starts: readonly number[];
  /** Requests that carried a body of 100 MB, and how many of them were answered as they should be. */
  readonly uploads: number;
  readonly uploaded: number;
  /** Messages over a websocket that was open all the time, and how many came back. */
  readonly messages: number;
  readonly echoed: number;
}

const UPLOAD_BYTES = 100 * 1024 * 1024;
/** One of so many swaps is followed by a look at how long a worker takes to start. */
const SWAPS_A_START = 10;

/** Swaps the victim again and again under 50 connections, an upload and a websocket, until both numbers are reached. */
export async function swapPlugin(wanted: {
  readonly swaps: number;
  readonly requests: number;
  readonly uploadBytes?: number;
}): Promise<Swapped> {
  await using street = await makeStreet("numprocesses = 2\ntimeout = 7200\n", "upload_max_body_size = 200\n");
  const { port } = { port: street.appliance.ports.mfserv };
  const source = join(street.appliance.home, "source");
  cpSync(join(street.appliance.home, "mfserv/var/plugins/victim"), source, { recursive: true });
  const load = startLoad({ port, paths: ["/victim"], keepAlive: 40, fresh: 10 });
  let going = true;
  const socket = echoes(port, () => going);
  const uploading = uploads(port, wanted.uploadBytes ?? UPLOAD_BYTES, () => going);
  const proofs: Swapped["proofs"][number][] = [];
  const starts: number[] = [];
  for (let swap = 0; swap < wanted.swaps || load.figures.requests < wanted.requests; swap++) {
    writeFileSync(join(source, "version"), String(swap));
    proofs.push(JSON.parse(await street.appliance.ok("mfserv_wrapper", "plugins.hotswap", "--json", source)));
    if (swap % SWAPS_A_START === 0) starts.push(await startTime(join(source, "server.cjs"), street.appliance.home));
  }
  going = false;
  const [seen, sent, told] = await Promise.all([load.stop(), uploading, socket]);
  rmSync(source, { recursive: true });
  return {
    seen,
    proofs,
    starts,
    uploads: sent.all,
    uploaded: sent.answered,
    messages: told.all,
    echoed: told.answered,
  };
}

/** A version that never gets ready, and one that ends at once: what the command says, and which version serves after it. */
export async function swapBadly(
  street: Street,
  server: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const source = join(street.appliance.home, "source");
  cpSync(join(street.appliance.home, "mfserv/var/plugins/victim"), source, { recursive: true });
  writeFileSync(join(source, "server.cjs"), server);
  const { code, stdout, stderr } = await street.appliance.run("mfserv_wrapper", "plugins.hotswap", source);
  rmSync(source, { recursive: true });
  return { code, output: `${stdout}${stderr}` };
}

async function startTime(server: string, directory: string): Promise<number> {
  const path = join(directory, "start.socket");
  const fd = listenUnix(path);
  const begun = performance.now();
  const child = spawn("node", [server], { stdio: ["ignore", "ignore", "inherit", fd] });
  try {
    const probe = { ask: "http", to: { path }, path: "/", below: 600 } as const;
    await probeUntilReady(probe, AbortSignal.timeout(30_000));
    return performance.now() - begun;
  } finally {
    child.kill("SIGKILL");
    closeSync(fd);
    rmSync(path);
  }
}

interface Count {
  all: number;
  answered: number;
}

async function uploads(port: number, bytes: number, going: () => boolean): Promise<Count> {
  const count = { all: 0, answered: 0 };
  const body = Buffer.alloc(bytes, "x");
  while (going()) {
    count.all++;
    const answer = await new Promise<string>((resolve) => {
      const options = { port, host: "127.0.0.1", path: "/victim?do=count", method: "POST", agent: false };
      const asked = request(options, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve(text));
        response.on("error", (error) => resolve(error.message));
      });
      asked.on("error", (error) => resolve(error.message)).end(body);
    });
    if (answer === String(bytes)) count.answered++;
  }
  return count;
}

/** Speaks on an upgraded connection, one message at a time. */
async function echoes(port: number, going: () => boolean): Promise<Count> {
  const count = { all: 0, answered: 0 };
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  let received = "";
  socket.on("data", (chunk: string) => {
    received += chunk;
  });
  socket.on("error", () => undefined);
  socket.write("GET /victim HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  await until("it is upgraded", () => (received.includes("101 ") && received.endsWith("\r\n\r\n") ? true : undefined));
  while (going() && !socket.destroyed) {
    received = "";
    count.all++;
    socket.write("hello");
    await until("the echo", () => (received === "hello" || socket.destroyed ? true : undefined));
    if (received === "hello") count.answered++;
    await delay(20);
  }
  socket.destroy();
  return count;
}
