import type { Finding, KernelSetting, ModuleCheck, Seen } from "../types.ts";
import { couldNotLook } from "./findings.ts";

/** Settings that forbid an ordinary user to put a program into a box, the value that does, and one that does not. */
const FORBIDS: readonly (readonly [setting: KernelSetting, value: string, better: string])[] = [
  ["proc/sys/user/max_user_namespaces", "0", "15000"],
  ["proc/sys/kernel/unprivileged_userns_clone", "0", "1"],
  ["proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "0"],
];

export const namespaces: ModuleCheck = {
  id: "namespaces",
  title: "servers for senders can be put into a box",
  run: ({ namespaces: may }, { kernel }) => {
    if (may === undefined) return undefined;
    if (!may.ok) return [couldNotLook(may.reason)];
    if (may.value) return [];
    const causes = FORBIDS.filter(([setting, value]) => textOf(kernel[setting]) === value);
    if (causes.length > 0) return causes.map(forbidden);
    return [
      {
        state: "ERROR",
        message:
          "the kernel lets this user make no user namespace (a container's limit, perhaps): FTP and SFTP do not run",
        fix: "allow it where this machine is set up, or set `[ftp] flag` and `[sftp] flag` to 0",
      },
    ];
  },
};

function forbidden([setting, value, better]: (typeof FORBIDS)[number]): Finding {
  const name = setting.replace("proc/sys/", "").replaceAll("/", ".");
  return {
    state: "ERROR",
    place: `/${setting}`,
    message: `it is ${value}: this user may make no user namespace, without which FTP and SFTP do not run`,
    fix: `\`sudo sysctl ${name}=${better}\`, and the same line in /etc/sysctl.d/metwork.conf`,
  };
}

function textOf(setting: Seen<string>): string | undefined {
  return setting.ok ? setting.value : undefined;
}
