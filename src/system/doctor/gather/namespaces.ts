import type { Plan } from "../../../core/plan/types.ts";
import { run } from "../../../kit/exec.ts";
import type { Seen } from "../types.ts";
import { seen, unseen } from "./seen.ts";

const LIMIT_MS = 2000;

/** Whether a service that puts itself into a box may: tried with an empty one. undefined: none does. */
export async function gatherNamespaces(plan: Plan, bubblewrap: string | undefined): Promise<Seen<boolean> | undefined> {
  if (!Object.values(plan.services).some(({ namespaces }) => namespaces === true)) return undefined;
  if (bubblewrap === undefined) return unseen("bubblewrap is not installed");
  return await triesBox(bubblewrap);
}

/** `false`: the kernel refused it. */
export async function triesBox(bubblewrap: string): Promise<Seen<boolean>> {
  const kinds = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"];
  const argv: [string, ...string[]] = [bubblewrap, ...kinds, "--ro-bind", "/", "/", "--dev", "/dev", "--", "/bin/true"];
  const { code, timedOut } = await run(argv, { timeoutMs: LIMIT_MS });
  return timedOut ? unseen(`no answer within ${LIMIT_MS} ms`) : seen(code === 0);
}
