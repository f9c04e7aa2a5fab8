import { watch } from "chokidar";

/** How long inputs must be quiet before a change counts: editors and package tools write several files. */
const SETTLE_MS = 40;

export interface InputWatcher extends AsyncDisposable {
  /** Replaces the set of watched inputs. */
  watch(inputs: readonly string[]): void;
  /** Whether a change waits to be taken. */
  pending(): boolean;
  /** The inputs that changed since the last call, as soon as there are some and they are quiet; empty when aborted. */
  next(signal: AbortSignal): Promise<readonly string[]>;
}

/** Watches a set of files and directories (not what is below these), existing or not. */
export function watchInputs(): InputWatcher {
  let watched: ReadonlySet<string> = new Set();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let wake: (() => void) | undefined;
  const watcher = watch([], { depth: 0, ignoreInitial: true });

  watcher.on("all", (event, path) => {
    // chokidar waits for a missing path at its nearest ancestor, and only for one level: look again from there.
    if (event === "addDir") watchAgain([...watched].filter((input) => input.startsWith(`${path}/`)));
    changed.add(path);
    clearTimeout(timer);
    timer = setTimeout(() => wake?.(), SETTLE_MS);
  });

  function watchAgain(inputs: string[]): void {
    if (inputs.length === 0) return;
    watcher.unwatch(inputs);
    watcher.add(inputs);
  }

  return {
    watch(inputs) {
      const wanted = new Set(inputs);
      const gone = [...watched].filter((input) => !wanted.has(input));
      const added = [...wanted].filter((input) => !watched.has(input));
      watched = wanted;
      if (gone.length > 0) watcher.unwatch(gone);
      if (added.length > 0) watcher.add(added);
    },
    pending: () => changed.size > 0,
    async next(signal) {
      if (changed.size === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
      const taken = [...changed].sort();
      changed.clear();
      return taken;
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
