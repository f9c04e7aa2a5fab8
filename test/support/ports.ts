import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Below those that the kernel gives to connections (net.ipv4.ip_local_port_range): a connection from a port, even one that has
 * ended, would keep a server from listening on it although it was free a moment ago.
 */
const [FIRST, LAST] = [20_000, 32_000];

/** A TCP port nobody listens on, and which no other test of this run is given: its server may be started later, and again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (isOurs(port) && (await isFree(port))) return port;
  }
}

/** All files of a run have one temporary directory; in it stands a directory for each port that was given away. */
function isOurs(port: number): boolean {
  if (process.env["METWORK_TEST_RUN"] === undefined) return true;
  const given = join(tmpdir(), "ports");
  mkdirSync(given, { recursive: true });
  try {
    mkdirSync(join(given, String(port)));
    return true;
  } catch {
    return false;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .on("error", () => resolve(false))
      .listen(port, "0.0.0.0", () => server.close(() => resolve(true)));
  });
}
