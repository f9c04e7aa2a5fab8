import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Diagnostic } from "../../core/base/diagnostic.ts";

/** How long a reloaded nginx may take to serve its new configuration. */
const PROOF_MS = 5_000;

/**
 * Asks the running nginx, over its control socket, which configuration it serves, until it is the expected one.
 * `nginx -t` and a reload both succeed when a port is taken and the old configuration goes on serving; only this tells.
 */
export async function proveNginx(socket: string, expected: string): Promise<readonly Diagnostic[]> {
  const deadline = Date.now() + PROOF_MS;
  let seen = "no answer";
  for (let wait = 5; Date.now() < deadline; wait = Math.min(wait * 2, 100)) {
    seen = await askGeneration(socket);
    if (seen === expected) return [];
    await delay(wait);
  }
  return [
    {
      code: "MF5002",
      severity: "error",
      message: `nginx does not serve the generated configuration ${expected} (it says: ${seen})`,
      fix: "see nginx_error.log; most often another program holds a port of the new configuration",
    },
  ];
}

function askGeneration(socketPath: string): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: "/generation", timeout: 1_000, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString().trim()));
      response.on("error", (error) => resolve(error.message));
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within 1 s")));
    asked.on("error", (error) => resolve(error.message));
    asked.end();
  });
}
