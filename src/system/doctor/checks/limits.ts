import type { Plan } from "../../../core/plan/types.ts";
import type { Finding, ModuleCheck } from "../types.ts";
import { couldNotLook } from "./findings.ts";

/** What nginx asks for itself (`worker_rlimit_nofile` of its configuration). */
const NGINX_FILES = 16_384;
/** Per process, the supervisor holds two log pipes, a listening socket and room for the next one's. */
const FILES_PER_PROCESS = 6;
const FILES_OF_SUPERVISOR = 100;
/** What one process of a plugin may take; Node's have about a dozen threads. */
const TASKS_PER_PROCESS = 16;

export const limits: ModuleCheck = {
  id: "limits",
  title: "open files and processes",
  run: ({ limits: seen, plan, run, paths }, { inUse, user }) => {
    if (!seen.ok) return [couldNotLook(seen.reason)];
    if (!plan.ok) return [couldNotLook(plan.reason)];
    const { of, openFiles, processes } = seen.value;
    const fix = (item: string, value: number): string =>
      `\`echo "${user} - ${item} ${value}" | sudo tee -a /etc/security/limits.d/metwork.conf\`, log in again, \`${paths.module}.stop\`, \`${paths.module}.start\``;
    const findings: Finding[] = [];
    for (const { who, place, files } of neededFiles(plan.value)) {
      if (files <= openFiles) continue;
      findings.push({
        state: "ERROR",
        ...(place === undefined ? {} : { place }),
        message: `${who} needs ${files} open files; ${of} may have ${openFiles}`,
        fix: fix("nofile", Math.max(files, 65_536)),
      });
    }
    const more = run.supervisor === "answers" ? 0 : processesOf(plan.value) * TASKS_PER_PROCESS;
    const needed = inUse.tasks + more;
    if (needed > processes) {
      findings.push({
        state: "WARNING",
        message: `${user} has ${inUse.tasks} processes and threads, and the services may take ${more} more; ${of} may have ${processes}`,
        fix: fix("nproc", needed * 2),
      });
    }
    return findings;
  },
};

interface Need {
  readonly who: string;
  readonly place?: string;
  readonly files: number;
}

function neededFiles(plan: Plan): readonly Need[] {
  const services = Object.values(plan.services);
  const supervisor = { who: "the supervisor", files: FILES_OF_SUPERVISOR + processesOf(plan) * FILES_PER_PROCESS };
  const nginx = services.some(({ id }) => id === "nginx") ? [{ who: "nginx", files: NGINX_FILES }] : [];
  const asked = services.flatMap(({ id, limits: { openFiles }, because: [at] }): Need[] => {
    if (openFiles === undefined) return [];
    return [{ who: id, files: openFiles, ...(at === undefined ? {} : { place: `${at.file}:${at.line}:${at.col}` }) }];
  });
  return [supervisor, ...nginx, ...asked];
}

function processesOf({ services }: Plan): number {
  return Object.values(services).reduce((sum, { instances }) => sum + instances, 0);
}
