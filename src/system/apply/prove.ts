import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { readTextFile } from "../../kit/fs.ts";
import { nginxDiagnostic, type Suspects } from "./blame.ts";

/** How long a reloaded nginx may take to serve its new configuration. */
const PROOF_MS = 5_000;
/** How long the pipeline may take for it, a start and a machine that is busy with other work included. */
const PIPELINE_PROOF_MS = 20_000;
/** Of nginx's log this much is read for the reasons of a failed reload, in bytes. */
const READ = 64 * 1024;

/** nginx's own log from some moment on. */
export interface NginxLog {
  /** Why it refused a configuration since then, at the lines to blame, each once. */
  refusals(suspects: Suspects): readonly Diagnostic[];
}

/** Remembers where the log ends now. */
export function readNginxLog(file: string | undefined, layout: RuntimeLayout): NginxLog {
  const from = file === undefined ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  return {
    refusals(suspects) {
      const lines = file === undefined ? [] : textSince(file, from).split("\n");
      const refused = lines.filter(
        (line) => /\[(emerg|alert)\]/.test(line) && !line.includes("still could not bind") && concerns(line, suspects),
      );
      const notes = refused.map((line) => nginxDiagnostic(line, layout.configAuto, suspects));
      return [...new Map(notes.map((note) => [note.message, note])).values()];
    },
  };
}

/** nginx goes on trying the ports of an earlier configuration for seconds. */
function concerns(line: string, { plan }: Suspects): boolean {
  const [, port] = / bind\(\) to \S+:(\d+) failed/.exec(line) ?? [];
  return port === undefined || new RegExp(`\\b${port}\\b`).test(plan.tree.get("nginx.conf")?.text ?? "");
}

/** From the start when it was rotated meanwhile. */
function textSince(file: string, from: number): string {
  try {
    const fd = openSync(file, "r");
    try {
      const { size } = fstatSync(fd);
      const buffer = Buffer.alloc(READ);
      return buffer.toString("utf8", 0, readSync(fd, buffer, 0, READ, size < from ? 0 : from));
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}

/**
 * Asks the running nginx, over its control socket, which configuration it serves, until it is the expected one.
 * `nginx -t` and a reload both succeed when a port is taken and the old configuration goes on serving; only this tells.
 * With `log` it gives up as soon as nginx says there why.
 */
export async function proveNginx(
  socket: string,
  expected: string,
  suspects?: Suspects,
  log?: NginxLog,
): Promise<readonly Diagnostic[]> {
  const deadline = Date.now() + PROOF_MS;
  let seen = "no answer";
  let reasons: readonly Diagnostic[] = [];
  for (let wait = 5; Date.now() < deadline && reasons.length === 0; wait = Math.min(wait * 2, 100)) {
    seen = await askGeneration(socket);
    if (seen === expected) return [];
    await delay(wait);
    reasons = suspects === undefined ? [] : (log?.refusals(suspects) ?? []);
  }
  if (reasons.length > 0) return reasons;
  return [
    {
      code: "MF5002",
      severity: "error",
      message: `nginx does not serve the generated configuration ${expected} (it says: ${seen})`,
      fix: "see nginx_error.log; most often another program holds a port of the new configuration",
    },
  ];
}

/**
 * Waits until the pipeline says that it runs by the description with this SHA-256: it reads it again when a signal tells it to, and
 * keeps the old one when it cannot.
 */
export async function provePipeline(layout: RuntimeLayout, expected: string): Promise<readonly Diagnostic[]> {
  const deadline = Date.now() + PIPELINE_PROOF_MS;
  for (let wait = 2; Date.now() < deadline; wait = Math.min(wait * 2, 100)) {
    const adopted = readTextFile(layout.flowAdopted);
    if (adopted.ok && adopted.text === expected) return [];
    await delay(wait);
  }
  return [
    {
      code: "MF5007",
      severity: "error",
      message: "the pipeline does not run by the generated configuration",
      fix: `see ${layout.log}/flow.log`,
    },
  ];
}

function askGeneration(socketPath: string): Promise<string> {
  // Loaded when needed, and not by an import, which would load undici as well: a sixth of the start of a command.
  const { request } = process.getBuiltinModule("node:http");
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
