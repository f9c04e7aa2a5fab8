import { readdirSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { descendants } from "../../kit/linux/process.ts";
import type { ServiceStatus } from "../supervisor.ts";

/** What the processes of a plugin take, summed. */
export interface Usage {
  mem_percent: number;
  num_threads: number;
  /** Of one processor, since the last look. */
  cpu_percent: number;
  num_fds: number;
}

/** Kernel ticks a second in /proc/PID/stat: a constant of Linux's user space interface. */
const TICKS_PER_S = 100;
const PAGE_BYTES = 4096;
/** The names under which the predecessor's dashboards show what belongs to no plugin. */
const CORE = "#core#";
const MONITORING = "#monitoring#";

/** Looks at the processes of services again and again. */
export class UsageMeter {
  #ticks = new Map<number, number>();
  #lookedMs = performance.now();

  /** By plugin, `#core#` and `#monitoring#`. `monitoring`: the services that only watch. */
  look(services: readonly ServiceStatus[], monitoring: ReadonlySet<string>): ReadonlyMap<string, Usage> {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#lookedMs) / 1000);
    const ticks = new Map<number, number>();
    const usage = new Map<string, Usage>();
    for (const { id, plugin, instances } of services) {
      const name = plugin ?? (monitoring.has(id) ? MONITORING : CORE);
      const roots = instances.flatMap(({ pid }) => pid ?? []);
      for (const pid of roots.flatMap((root) => [root, ...descendants(root)])) {
        const seen = readUsage(pid);
        if (seen === undefined) continue;
        ticks.set(pid, seen.ticks);
        const sum = usage.get(name) ?? { mem_percent: 0, num_threads: 0, cpu_percent: 0, num_fds: 0 };
        sum.mem_percent += (seen.residentBytes / totalmem()) * 100;
        sum.num_threads += seen.threads;
        sum.num_fds += seen.descriptors;
        // One that was not there before is counted from its second look on.
        const before = this.#ticks.get(pid) ?? seen.ticks;
        sum.cpu_percent += (Math.max(0, seen.ticks - before) / TICKS_PER_S / seconds) * 100;
        usage.set(name, sum);
      }
    }
    this.#ticks = ticks;
    this.#lookedMs = now;
    return usage;
  }
}

/** undefined: it ended. Fields as numbered in proc(5). */
function readUsage(pid: number) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const field = (number: number): number => Number(fields[number - 3]);
    return {
      ticks: field(14) + field(15),
      threads: field(20),
      residentBytes: field(24) * PAGE_BYTES,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch {
    return undefined;
  }
}
