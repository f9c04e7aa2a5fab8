import { mkdir } from "node:fs/promises";
import type { RuntimeLayout } from "../../core/module/paths.ts";

/** Creates the directories every command may rely on. */
export async function prepareLayout(layout: RuntimeLayout): Promise<void> {
  const directories = [
    layout.config,
    layout.pluginOverrides,
    layout.log,
    layout.tmp,
    layout.generations,
    layout.var,
    layout.plugins,
  ];
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o750 });
}
