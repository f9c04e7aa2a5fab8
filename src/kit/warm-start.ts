import { flushCompileCache } from "node:module";

/**
 * Starts this process over when it had to strip the types of its sources itself: the stripper would stay in memory
 * (13 MB) for the daemon's whole life, while the second start finds the result in the compile cache and does without.
 * Call it first, once everything is imported.
 */
export function startOverWithoutStripper(): void {
  const loaded = Reflect.get(process, "moduleLoadList") as readonly string[] | undefined;
  const stripped = loaded?.some((name) => name.includes("deps/amaro")) === true;
  const { NODE_COMPILE_CACHE: cache, METWORK_WARMED: warmed } = process.env;
  if (!stripped || cache === undefined || warmed !== undefined) return;
  flushCompileCache();
  const argv = [process.argv0, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(process.execPath, argv, { ...process.env, METWORK_WARMED: "1" });
}
