import { registerHooks } from "node:module";

const system = new URL("system.ts", import.meta.url).href;
const REPLACED = /^node:fs(?:\/promises)?$|\/linux\/(?:xattr|rename|unnamed|lease)\.ts$/;
const USERS = /\/src\/(?:flow\/|kit\/tags\.ts)/;

/** From now on the pipeline's modules, when they are loaded, work on the simulated disk. */
export function simulateSystem(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      REPLACED.test(specifier) && USERS.test(context.parentURL ?? "")
        ? { url: system, shortCircuit: true }
        : next(specifier, context),
  });
}
