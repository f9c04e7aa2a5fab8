import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import { MAX_SOCKET_PATH_BYTES } from "../../kit/sock.ts";

/** An error about a service; whoever asked for it knows the lines that made it. */
export function aboutService(
  service: Pick<RunnableService, "id" | "plugin">,
  code: Diagnostic["code"],
  message: string,
  fix: string,
): Diagnostic {
  return {
    code,
    severity: "error",
    message: `${service.id}: ${message}`,
    fix,
    ...(service.plugin === undefined ? {} : { plugin: service.plugin }),
  };
}

export function programMissing(service: RunnableService): Diagnostic {
  const fix = service.argv[0].includes("/")
    ? "check that it exists and is executable"
    : `it must be in ${service.env["PATH"]}`;
  return aboutService(service, "MF6010", `there is no program ${service.argv[0]}`, fix);
}

export function directoryMissing(service: RunnableService): Diagnostic {
  return aboutService(service, "MF6011", `its directory ${service.cwd} does not exist`, "install the plugin again");
}

export function socketRefused(service: RunnableService, path: string, reason: string): Diagnostic {
  const tooLong = Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES;
  const fix = tooLong
    ? `Linux takes at most ${MAX_SOCKET_PATH_BYTES} bytes: shorten the names, or move the runtime home up`
    : "check the directory and its permissions";
  const what = tooLong ? `${Buffer.byteLength(path)} bytes are too long for a socket path` : reason;
  return aboutService(service, "MF6012", `cannot listen on ${path}: ${what}`, fix);
}

export function socketShared(service: RunnableService, path: string): Diagnostic {
  const message = `its ${service.instances} instances would all listen on ${path}`;
  return aboutService(service, "MF6013", message, "put {instance} into the path");
}

export function limitsImpossible(service: RunnableService): Diagnostic {
  return aboutService(service, "MF6014", "its resource limits need the program prlimit", "install util-linux");
}

export function cannotFork(service: RunnableService, error: unknown): Diagnostic {
  const reason = error instanceof Error ? error.message : String(error);
  return aboutService(
    service,
    "MF6015",
    `it could not be started: ${reason}`,
    "check the limits of this user (ulimit -u, -n)",
  );
}

/** `why` completes "instance 1 ...": `ended (exit 1) before it was ready`. */
export function notReady(
  service: RunnableService,
  instance: number,
  why: {
    readonly code: Diagnostic["code"];
    readonly text: string;
    readonly lines: readonly string[];
    readonly log: string;
  },
): Diagnostic {
  const who = service.instances > 1 ? `instance ${instance} ` : "";
  const said =
    why.lines.length === 0
      ? "; it wrote nothing"
      : `; it wrote last:\n${why.lines.map((line) => `    ${line}`).join("\n")}`;
  return aboutService(
    service,
    why.code,
    `${who}${why.text}${said}`,
    `see ${why.log}; by hand: cd ${service.cwd} && ${service.argv.join(" ")}`,
  );
}

export function interrupted(service: Pick<RunnableService, "id" | "plugin">): Diagnostic {
  return aboutService(service, "MF6022", "the command was interrupted by a stop", "start it again if it should run");
}

export function shuttingDown(id: string): Diagnostic {
  return {
    code: "MF6003",
    severity: "error",
    message: `${id}: the supervisor is shutting down`,
    fix: "try again in a moment",
  };
}

export function internalFailure(id: string, error: unknown): Diagnostic {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: "MF6099",
    severity: "error",
    message: `${id}: the supervisor failed: ${text}`,
    fix: "please report this",
  };
}

export function connectionLost(id: string): Diagnostic {
  const message = `${id}: the supervisor ended before it answered`;
  return { code: "MF6002", severity: "error", message, fix: "start the module again" };
}
