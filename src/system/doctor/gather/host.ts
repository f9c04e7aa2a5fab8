import { lookup } from "node:dns/promises";
import { readFileSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
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
import { look, seen, unseen, within } from "./seen.ts";
import { volumeOf } from "./storage.ts";

/** How long a name service may take for the machine's own name. */
const NAME_MS = 500;

/** Looks at the machine. `root`: the installation. */
export async function gatherHostFacts(root: string, kernelRoot = "/"): Promise<HostFacts> {
  const address = addressOf(hostname());
  const listeners = gatherListeners();
  const scan = scanProcesses(new Set((listeners.ok ? listeners.value : []).map(({ inode }) => inode)));
  return {
    uid: process.geteuid?.() ?? 0,
    user: accountName(),
    name: { host: hostname(), address: await address },
    clock: gatherClock(join(root, "package.json")),
    kernel: gatherKernel(kernelRoot),
    listeners: listeners.ok ? seen(listeners.value.map((listener) => withProcess(listener, scan))) : listeners,
    inUse: scan.inUse,
    tmp: volumeOf("/tmp"),
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

/** What the machine's resolver says of a name. */
export async function addressOf(name: string): Promise<Seen<string>> {
  try {
    const answer = await within(NAME_MS, lookup(name));
    return answer === "late" ? unseen(`no answer within ${NAME_MS} ms`) : seen(answer.address);
  } catch (error) {
    return unseen(error instanceof Error && "code" in error ? String(error.code) : String(error));
  }
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
