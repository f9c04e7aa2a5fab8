import { flushCompileCache } from "node:module";
import { runDaemon } from "../system/supervise/daemon.ts";

/**
 * `node supervisor.ts RUNTIME_HOME [--restore]`: the supervisor daemon of one runtime home.
 * The very first start has to strip the types of its sources, and the stripper would stay in memory (13 MB): once the
 * result is in the compile cache the process starts over without it.
 */
const loaded = Reflect.get(process, "moduleLoadList") as readonly string[] | undefined;
const stripped = loaded?.some((name) => name.includes("deps/amaro")) === true;
if (stripped && process.env["NODE_COMPILE_CACHE"] !== undefined && process.env["METWORK_WARMED"] === undefined) {
  flushCompileCache();
  process.execve?.(process.execPath, [process.argv0, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    METWORK_WARMED: "1",
  });
}

const [runtime = ".", ...options] = process.argv.slice(2);
process.exit(await runDaemon(runtime, { restore: options.includes("--restore") }));
