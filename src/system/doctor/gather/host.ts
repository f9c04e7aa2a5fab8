import { readFileSync, statSync } from "node:fs";
import { hostname, totalmem, userInfo } from "node:os";
import { join } from "node:path";
import { run } from "../../../kit/exec.ts";
import { readTextFile } from "../../../kit/fs.ts";
import { isClockSynchronised } from "../../../kit/linux/clock.ts";
import { distributionOf, parseOsRelease } from "../../host/distribution.ts";
import {
  type ClockFacts,
  type HostFacts,
  KERNEL_SETTINGS,
  type KernelSetting,
  type Listener,
  type Seen,
} from "../types.ts";
import { gatherListeners, type KernelListener } from "./network.ts";
import { ancestorsOf, commandOf, type ProcessScan, scanProcesses } from "./processes.ts";
import { look, seen, unseen } from "./seen.ts";
import { volumeOf } from "./storage.ts";

/** How long a name service may take for the machine's own name. */
const NAME_MS = 500;

/** Looks at the machine. `root`: the installation; `address`: what the resolver said of the machine's name. */
export function gatherHostFacts(root: string, address: Seen<string>): HostFacts {
  const listeners = gatherListeners();
  const scan = scanProcesses(new Set((listeners.ok ? listeners.value : []).map(({ inode }) => inode)));
  return {
    uid: process.geteuid?.() ?? 0,
    user: accountName(),
    name: { host: hostname(), address },
    clock: gatherClock(join(root, "package.json")),
    kernel: gatherKernel("/"),
    listeners: listeners.ok ? seen(listeners.value.map((listener) => withProcess(listener, scan))) : listeners,
    inUse: scan.inUse,
    tmp: volumeOf("/tmp"),
    memory: totalmem(),
    install: installer(),
  };
}

/** Reads the kernel's settings below `root`. */
export function gatherKernel(root: string): HostFacts["kernel"] {
  const entries = KERNEL_SETTINGS.map((path) => [path, look(() => readFileSync(join(root, path), "utf8").trim())]);
  return Object.fromEntries(entries) as Record<KernelSetting, Seen<string>>;
}

/** `installed`: a file written when the installation was. */
export function gatherClock(installed: string): ClockFacts {
  const synchronised = look(isClockSynchronised);
  return {
    now: Date.now(),
    installed: look(() => statSync(installed).mtimeMs),
    synchronised:
      synchronised.ok && synchronised.value === undefined
        ? unseen("the kernel does not answer adjtimex here")
        : (synchronised as Seen<boolean>),
  };
}

/** What the machine's resolver says of a name, asked in a process of its own: a lookup in this one could not be given up. */
export async function addressOf(name: string): Promise<Seen<string>> {
  const { code, stdout, timedOut } = await run(["getent", "ahosts", name], { timeoutMs: NAME_MS });
  if (timedOut) return unseen(`no answer within ${NAME_MS} ms`);
  const [address = ""] = stdout.split(/\s/, 1);
  return code === 0 && address !== "" ? seen(address) : unseen("the resolver does not know it");
}

function withProcess({ inode, ...listener }: KernelListener, scan: ProcessScan): Listener {
  const pid = scan.holders.get(inode);
  return pid === undefined
    ? listener
    : { ...listener, process: { pid, command: commandOf(pid), ancestors: ancestorsOf(pid) } };
}

function installer(): string {
  const read = readTextFile("/etc/os-release");
  const manager = distributionOf(parseOsRelease(read.ok ? read.text : ""))?.manager;
  return manager === undefined ? "install" : `sudo ${manager} install`;
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? 0);
  }
}
