import { runtimeLayout } from "../../core/module/paths.ts";
import { become, findProgram } from "../../kit/become.ts";
import type { Context, ExitCode, Given } from "../command.ts";

/** `redis`: becomes Redis' or Valkey's own client on the socket of mfdata, with the arguments as given. */
export async function redis(context: Context, given: Given): Promise<ExitCode> {
  const path = context.env["PATH"] ?? "";
  const client = findProgram("redis-cli", path) ?? findProgram("valkey-cli", path);
  if (client === undefined) {
    context.err("error[MF8054]: neither redis-cli nor valkey-cli is installed");
    context.err("  = help: the package that brings Redis, or its tools, has it");
    return 127;
  }
  const socket = runtimeLayout(context.paths("mfdata").runtime).redisSocket;
  const env = Object.entries(context.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return become(client, [client, "-s", socket, ...given.args], Object.fromEntries(env));
}
