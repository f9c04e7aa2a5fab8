import { optionalTextOf } from "../../config/access.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { type Piece, piece } from "../piece.ts";
import { ownLog } from "../service/logs.ts";
import { ownService } from "../service/own.ts";
import { errorLogOptions } from "./kept.ts";

/** nginx as a supervised service: in the foreground, its error log on its standard error. */
export function nginxPiece(input: PlanInput, nginx: Omit<Piece, "services">): Piece {
  const program = input.programs.nginx;
  if (program === undefined) return piece({ notes: [missingNginx()] });
  const layout = layoutOf(input.paths);
  const prefix = `${layout.tmp}/nginx`;
  const own = ownService("nginx", input);
  const service = {
    ...own,
    env: { ...own.env, ...listenAddress(input) },
    argv: [
      program,
      "-p",
      prefix,
      ...errorLogOptions(input.programs),
      "-c",
      `${layout.configAuto}/nginx.conf`,
      "-g",
      "daemon off;",
    ] as const,
    ready: { when: "http", path: "/generation", socket: layout.nginxSocket, timeoutMs: 10_000 } as const,
    stop: { signal: "SIGQUIT", graceMs: 20_000 } as const,
    log: ownLog("nginx_error", layout),
    // nginx does not start while the socket of a killed one lies there.
    clears: [layout.nginxSocket],
    reads: nginx.files.map(([path]) => path),
    onChange: "reload" as const,
  };
  return { ...nginx, services: [service], directories: [{ path: prefix, mode: 0o700 }, ...nginx.directories] };
}

/** The kernel gives a port at one address to nobody while somebody has it at all of them: another one takes a restart. */
function listenAddress({ config }: PlanInput): { readonly MFSERV_NGINX_LISTEN_ADDRESS?: string } {
  const isAsked = config.values.has("nginx.listen_address");
  const address = isAsked ? optionalTextOf(config, "nginx.listen_address") : undefined;
  return address === undefined ? {} : { MFSERV_NGINX_LISTEN_ADDRESS: address };
}

function missingNginx() {
  return {
    code: "MF4021",
    severity: "error",
    message: "nginx is not installed",
    fix: "run `make setup`, or set `[nginx] flag = 0`",
  } as const;
}
