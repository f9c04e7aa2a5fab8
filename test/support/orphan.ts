import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../scripts/support/client.ts";
import { childrenOf, readProgram } from "../../src/kit/linux/process.ts";
import { findPrograms } from "../../src/system/host/programs.ts";

/** A worker of nginx whose master was killed, with its socket in `directory`: its pid, for its maker to end. */
export async function orphanWorker(directory: string): Promise<number> {
  const sockets = join(directory, "var");
  const conf = join(sockets, "orphan.conf");
  mkdirSync(sockets, { recursive: true });
  writeFileSync(
    conf,
    `user root root;\npid ${conf}.pid;\nevents {}\nhttp { server { listen unix:${sockets}/orphan.socket; } }\n`,
  );
  const argv = ["-c", conf, "-e", "stderr", "-g", "daemon off; worker_processes 1;"];
  const master = spawn(findPrograms().nginx ?? "nginx", argv, { cwd: directory, stdio: "ignore" });
  const { value: worker } = await until("its worker runs", () => {
    const [pid] = childrenOf(master.pid ?? 0);
    return pid !== undefined && readProgram(pid)?.startsWith("nginx: worker process") ? pid : undefined;
  });
  const ended = once(master, "exit");
  master.kill("SIGKILL");
  await ended;
  return worker;
}
