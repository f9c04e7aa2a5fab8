import { posix } from "node:path";
import type { LogPolicy } from "../../core/module/log-policy.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import type { Performed, ServiceStatus } from "../supervisor.ts";

/** What a client asks of the daemon, one a line; answers come in any order. */
export type Request = { readonly id: number } & (
  | { readonly call: "hello"; readonly logPolicy?: LogPolicy }
  | { readonly call: "start" | "restart" | "swap" | "reload" | "scale"; readonly service: RunnableService }
  | { readonly call: "stop"; readonly service: string }
  | { readonly call: "list" | "shutdown" }
);

/** The daemon's answer to the request of the same id. */
export interface Response {
  readonly id: number;
  readonly result: Performed | readonly ServiceStatus[] | Hello;
}

export interface Hello {
  readonly pid: number;
}

/** Exit code of a daemon that found another one at work (EX_TEMPFAIL of sysexits.h). */
export const ALREADY_RUNNING = 75;

/** The supervisor's files in a runtime home. */
export function supervisorFiles(runtime: string) {
  const inside = (...parts: readonly string[]): string => posix.join(runtime, ...parts);
  return {
    var: inside("var"),
    logs: inside("log"),
    socket: inside("var", "supervisor.socket"),
    upstreams: inside("var", "upstreams.socket"),
    lock: inside("var", "supervisor.lock"),
    processes: inside("var", "supervisor.json"),
    desired: inside("var", "services.json"),
    log: inside("log", "supervisor.log"),
    /** Written by nginx. */
    accessLog: inside("log", "nginx_access.log"),
  } as const;
}
