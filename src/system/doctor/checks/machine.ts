import type { Finding, HostCheck, ModuleCheck } from "../types.ts";
import { couldNotLook } from "./findings.ts";

const OVERCOMMIT = "proc/sys/vm/overcommit_memory";
const HUGE_PAGES = "sys/kernel/mm/transparent_hugepage/enabled";
const WATCHES = "proc/sys/fs/inotify/max_user_watches";
const INSTANCES = "proc/sys/fs/inotify/max_user_instances";
const DAY_MS = 86_400_000;
const LAST_YEAR = 2100;

export const clock: HostCheck = {
  id: "clock",
  title: "clock",
  run: ({ clock: { now, installed, synchronised } }) => {
    const date = new Date(now).toISOString();
    const fix = "`sudo timedatectl set-ntp true`, or run chrony";
    if (new Date(now).getUTCFullYear() > LAST_YEAR) {
      return [{ state: "ERROR", message: `it says ${date}`, fix }];
    }
    const findings: Finding[] = [];
    if (!installed.ok) findings.push(couldNotLook(installed.reason));
    else if (now < installed.value - DAY_MS) {
      const written = new Date(installed.value).toISOString();
      findings.push({ state: "ERROR", message: `it says ${date}, but this program was installed at ${written}`, fix });
    }
    if (!synchronised.ok) findings.push(couldNotLook(synchronised.reason));
    else if (!synchronised.value) {
      findings.push({ state: "WARNING", message: "the kernel says that it follows no reference clock", fix });
    }
    return findings;
  },
};

export const hostName: HostCheck = {
  id: "host-name",
  title: "the host's name has an address",
  run: ({ name: { host, address } }) =>
    address.ok
      ? []
      : [
          {
            state: "WARNING",
            place: host,
            message: `the name of this machine has no address (${address.reason}): programs that look it up wait or fail`,
            fix: `\`echo "127.0.1.1 ${host}" | sudo tee -a /etc/hosts\``,
          },
        ],
};

/** Redis forks to save its queue; without overcommit the fork needs as much memory again. */
export const overcommit: ModuleCheck = {
  id: "overcommit",
  title: "memory for Redis to save its queue",
  run: ({ paths }, { kernel }) => {
    if (paths.module !== "mfdata") return undefined;
    const setting = kernel[OVERCOMMIT];
    if (!setting.ok) return [couldNotLook(setting.reason)];
    if (setting.value === "1") return [];
    return [
      {
        state: "WARNING",
        place: `/${OVERCOMMIT}`,
        message: `it is ${setting.value}: saving the queue can fail when memory is short`,
        fix: "`sudo sysctl vm.overcommit_memory=1`, and the same line in /etc/sysctl.d/metwork.conf",
      },
    ];
  },
};

/** Redis switches them off for itself where it can: only what it really runs with counts. */
export const hugePages: ModuleCheck = {
  id: "huge-pages",
  title: "no huge pages for Redis",
  run: ({ paths, redis }, { kernel }) => {
    if (paths.module !== "mfdata") return undefined;
    const setting = kernel[HUGE_PAGES];
    // A kernel built without them has no such file.
    if (!setting.ok) return setting.reason.includes("ENOENT") ? [] : [couldNotLook(setting.reason)];
    if (!setting.value.includes("[always]")) return [];
    if (redis === undefined) return [couldNotLook("Redis is stopped; it may switch them off for itself")];
    if (!redis.ok) return [couldNotLook(redis.reason)];
    const { hugePages: own } = redis.value;
    if (!own.ok) return [couldNotLook(own.reason)];
    if (!own.value) return [];
    return [
      {
        state: "WARNING",
        place: `/${HUGE_PAGES}`,
        message: "Redis runs with transparent huge pages: it needs more memory, and pauses when it saves",
        fix: "`echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled`, then restart Redis",
      },
    ];
  },
};

export const inotify: ModuleCheck = {
  id: "inotify",
  title: "inotify limits",
  run: ({ inputs, watched, run, plan }, { kernel, inUse }) => {
    const watches = kernel[WATCHES];
    const instances = kernel[INSTANCES];
    if (!watches.ok) return [couldNotLook(watches.reason)];
    if (!instances.ok) return [couldNotLook(instances.reason)];
    const planned = plan.ok ? plan.value.services : {};
    const missing = ["conf_monitor", "flow"].filter((id) => id in planned && !run.services.includes(id));
    const more = (missing.includes("conf_monitor") ? inputs : 0) + (missing.includes("flow") ? watched : 0);
    return [
      ...shortage("watches", WATCHES, inUse.inotifyWatches, more, Number(watches.value)),
      ...shortage("instances", INSTANCES, inUse.inotifyInstances, missing.length, Number(instances.value)),
    ];
  },
};

function shortage(what: string, setting: string, used: number, more: number, limit: number): readonly Finding[] {
  const needed = used + more;
  if (needed <= limit * 0.9) return [];
  const name = setting.replace("proc/sys/", "").replaceAll("/", ".");
  const wanted = 2 ** Math.ceil(Math.log2(needed * 2));
  return [
    {
      state: needed > limit ? "ERROR" : "WARNING",
      place: `/${setting}`,
      message: `this user has ${used} inotify ${what} and needs ${more} more; the limit is ${limit}`,
      fix: `\`sudo sysctl ${name}=${wanted}\`, and the same line in /etc/sysctl.d/metwork.conf`,
    },
  ];
}
