import { connect, type NetConnectOpts, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fastcgiGet } from "../../kit/fastcgi.ts";

/** How to find out whether a process serves. */
export type Probe =
  /** A connection is accepted. */
  | { readonly ask: "connect"; readonly to: NetConnectOpts }
  /** `GET path` is answered with a status below `below`; 600 takes every answer. */
  | { readonly ask: "http"; readonly to: NetConnectOpts; readonly path: string; readonly below: number }
  /** A FastCGI server answers, whatever it answers, when it is to run a script. */
  | { readonly ask: "fastcgi"; readonly to: NetConnectOpts; readonly script: string; readonly path: string };

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

/** Asks again and again until the answer is yes (true), or `signal` aborts (false). */
export async function probeUntilReady(probe: Probe, signal: AbortSignal): Promise<boolean> {
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    if (await answers(probe, signal)) return true;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/** Asks once. The wait for an answer has no limit but `signal`: a worker may be busy with what queued up before. */
export function answers(probe: Probe, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = connect(probe.to);
    const give = (answer: boolean): void => {
      signal.removeEventListener("abort", refuse);
      socket.destroy();
      resolve(answer);
    };
    const refuse = (): void => give(false);
    signal.addEventListener("abort", refuse);
    socket.on("error", refuse);
    socket.on("close", refuse);
    socket.on("connect", () => {
      if (probe.ask === "connect") give(true);
      else if (probe.ask === "fastcgi") socket.write(fastcgiGet(probe.script, probe.path));
      else
        socket.write(
          `GET ${probe.path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: metwork-probe\r\nConnection: close\r\n\r\n`,
        );
    });
    let head = "";
    socket.on("data", (chunk) => {
      if (probe.ask === "fastcgi") give(true);
      if (probe.ask !== "http") return;
      head += chunk.toString("latin1");
      const status = /^HTTP\/1\.[01] ([0-9]{3})/.exec(head)?.[1];
      if (status !== undefined) give(Number(status) < probe.below);
      else if (head.length > 16) give(false);
    });
  });
}
