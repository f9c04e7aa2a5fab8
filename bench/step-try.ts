/** How long an author waits: a step's code is saved, `metwork step try` says what it did with a file. `node bench/step-try.ts [ROUNDS]` */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { run } from "../src/kit/exec.ts";
import { makeAppliance, root } from "../test/support/appliance.ts";

const rounds = Number(process.argv[2] ?? "20");
await using appliance = await makeAppliance();
const sources = join(appliance.home, "sources");
mkdirSync(sources);
writeFileSync(join(appliance.home, "file"), "some text\n");
const env = {
  ...process.env,
  METWORK_RUNTIME_ROOT: appliance.home,
  METWORK_ETC: join(appliance.home, "etc"),
  METWORK_ALLOW_USAGE_BY_ROOT: "1",
};

console.log(`load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`);
for (const [template, main, comment] of [
  ["python3", "main.py", "#"],
  ["node", "main.js", "//"],
  ["shell", "main.sh", "#"],
] as const) {
  const create = 'cd "$1" && exec bootstrap_plugin.py create --no-input --template="$2" "$2"';
  await appliance.ok("mfdata_wrapper", "sh", "-c", create, "sh", sources, template);
  const plugin = join(sources, template);
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    appendFileSync(join(plugin, main), `${comment} edit ${round}\n`);
    const done = await run([join(root, "bin/metwork"), "step", "try", join(appliance.home, "file")], {
      cwd: plugin,
      env,
    });
    if (done.code !== 0) throw new Error(done.stdout + done.stderr);
    tookMs.push(performance.now() - begun);
  }
  tookMs.sort((a, b) => a - b);
  const at = (share: number): string => (tookMs[Math.floor(share * (rounds - 1))] ?? 0).toFixed(0);
  console.log(`${template}: saved → tried: best ${at(0)} ms, median ${at(0.5)} ms, worst ${at(1)} ms`);
}
