import { connect, type NetConnectOpts, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Requests sent at a fixed rate, whatever the answers take. */
export interface OpenLoop {
  /** Milliseconds from a request to the end of its answer, in ascending order. */
  readonly ms: readonly number[];
  /** Requests due while no connection was free; they went later and count from when they went. */
  readonly late: number;
}

interface Line {
  readonly socket: Socket;
  begun: number;
  received: string;
}

/** Asks for `path` `rate` times a second for that long, on kept connections. Answers must carry their length. */
export async function openLoop(
  where: NetConnectOpts,
  path: string,
  { rate, seconds, connections }: { readonly rate: number; readonly seconds: number; readonly connections: number },
): Promise<OpenLoop> {
  const text = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  const ms: number[] = [];
  const free: Line[] = [];
  let due = 0;
  let late = 0;
  const open = (): void => {
    const line: Line = { socket: connect(where), begun: 0, received: "" };
    line.socket.setNoDelay(true).setEncoding("latin1");
    line.socket.on("connect", () => free.push(line));
    line.socket.on("data", (chunk: string) => {
      line.received += chunk;
      if (!isWhole(line.received)) return;
      ms.push(performance.now() - line.begun);
      if (/\r\nconnection: *close/i.test(line.received)) open();
      else free.push(line);
      line.received = "";
    });
    line.socket.on("error", () => undefined);
  };
  for (let index = 0; index < connections; index++) open();
  while (free.length < connections) await delay(1);
  const start = performance.now();
  for (let sent = 0; sent < rate * seconds; ) {
    due = Math.min(rate * seconds, Math.ceil(((performance.now() - start) / 1000) * rate));
    for (; sent < due && free.length > 0; sent++) {
      const line = free.pop();
      if (line === undefined) break;
      line.begun = performance.now();
      line.socket.write(text);
    }
    if (sent < due) late += 1;
    await delay(1);
  }
  const deadline = performance.now() + 5000;
  while (ms.length < rate * seconds && performance.now() < deadline) await delay(1);
  for (const { socket } of free) socket.destroy();
  return { ms: ms.sort((a, b) => a - b), late };
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  return head >= 0 && length !== undefined && text.length - head - 4 >= Number(length);
}

/** The value below which that share of an ascending list lies. */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;
}
