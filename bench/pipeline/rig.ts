import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Appliance, general, makeAppliance } from "../../test/support/appliance.ts";
import { memoryOf, processesOf } from "../../test/support/processes.ts";
import { ownCpuUs } from "../support/cpu.ts";
import { type Programs, Source } from "./load.ts";

/** Something that takes files from one directory and brings them to another. */
export interface Rig extends AsyncDisposable {
  readonly name: string;
  readonly drop: string;
  readonly out: string;
  readonly source: Source;
  /** Processor time of all its processes so far, microseconds. */
  cpuUs(): number;
}

/** One of the C programs that stand for what the machine can do. */
export async function yardstick(name: string, mode: "rename" | "chain", programs: Programs): Promise<Rig> {
  const home = mkdtempSync(join(tmpdir(), "mw-bench-"));
  const [drop = "", claims = "", out = ""] = ["drop", "claims", "out"].map((part) => join(home, part));
  for (const path of [drop, claims, out]) mkdirSync(path);
  const child = spawn(programs.limit, mode === "rename" ? [mode, drop, out] : [mode, drop, claims, out], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    name,
    drop,
    out,
    source: new Source(programs, join(home, "stage")),
    cpuUs: () => ownCpuUs(child.pid ?? 0),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export interface ModuleRig extends Rig {
  readonly appliance: Appliance;
  start(): Promise<void>;
  /** Proportional set size of the whole module, MB. */
  memoryMb(): number;
}

type Plugins = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A whole mfdata with these plugins, not started. */
export async function mfdata(name: string, programs: Programs, plugins: Plugins, site = ""): Promise<ModuleRig> {
  const appliance = await makeAppliance({ mfdata: site });
  for (const [plugin, files] of Object.entries(plugins)) appliance.plugin("mfdata", plugin, files);
  const home = join(appliance.home, "mfdata");
  const out = join(home, "var/archive");
  const drop = join(home, "var/in/incoming");
  for (const path of [out, drop]) mkdirSync(path, { recursive: true });
  return {
    name,
    appliance,
    drop,
    out,
    source: new Source(programs, join(home, "stage")),
    cpuUs: () => processesOf(home).reduce((sum, { pid }) => sum + ownCpuUs(pid), 0),
    memoryMb: () => memoryOf(processesOf(home)) / 1024,
    start: async () => {
      await appliance.ok("metwork", "start", "mfdata");
    },
    [Symbol.asyncDispose]: () => appliance[Symbol.asyncDispose](),
  };
}

export const PNG_RULE = "latest.guess_file_type.main.system_magic";

/** An archive plugin that keeps names, fed by these rules: a section's parameters and its patterns. */
export function archive(rules: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const sections = Object.entries(rules).map(
    ([section, patterns]) => `[switch_rules:${section}]\n${patterns.map((pattern) => `${pattern} = main\n`).join("")}`,
  );
  const command =
    "archive_step --dest-dir={CUSTOM_DEST_DIR} --dest-basename={CUSTOM_DEST_BASENAME} {STANDARD_STEP_ARGUMENTS}";
  return {
    "config.ini": `${general}[step_main]\n_cmd_and_args = ${command}\nnumprocesses = 1\n${sections.join("")}[custom]
dest_dir = {{MFMODULE_RUNTIME_HOME}}/var/archive
dest_basename = {ORIGINAL_BASENAME}
`,
  };
}

/** A plugin of its own program that gets all PNG images and sends them on to archive/main. */
export function ownCode(command: string, file: string, code: string): Record<string, string> {
  return {
    "config.ini": `${general}[step_main]\n_cmd_and_args = ${command} {STANDARD_STEP_ARGUMENTS}\nnumprocesses = 1
[switch_rules:fnmatch:${PNG_RULE}]\nPNG image* = main\n`,
    [file]: code,
  };
}

/** The process of the pipeline itself. */
export function daemonOf(rig: ModuleRig): number {
  const found = processesOf(rig.appliance.home).find(({ command }) => command.includes("main/flow.ts"));
  if (found === undefined) throw new Error("the pipeline's daemon does not run");
  return found.pid;
}

/** When the pipeline's daemon was started, milliseconds since the epoch, to 10 ms. */
export function startedAtMs(rig: ModuleRig): number {
  const stat = readFileSync(`/proc/${daemonOf(rig)}/stat`, "utf8");
  const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  const uptimeS = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return Date.now() - uptimeS * 1000 + ticks * 10;
}

/** Looks every half second how much memory the module has. */
export class MemoryWatch {
  readonly #rig: ModuleRig;
  readonly #timer: NodeJS.Timeout;
  #most = 0;

  constructor(rig: ModuleRig) {
    this.#rig = rig;
    this.#timer = setInterval(() => this.#look(), 500);
  }

  /** The most it had, MB. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#most;
  }

  #look(): void {
    try {
      this.#most = Math.max(this.#most, this.#rig.memoryMb());
    } catch {
      // A process ended while it was looked at.
    }
  }
}
