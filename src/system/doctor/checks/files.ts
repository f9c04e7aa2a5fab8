import { strandedText } from "../../../core/flow/stranded.ts";
import type { AccessFault, Finding, HostFacts, ModuleCheck } from "../types.ts";
import { couldNotLook } from "./findings.ts";

export const access: ModuleCheck = {
  id: "access",
  title: "who may read and write",
  run: ({ access: faults }, host) => faults.map((fault) => judgeAccess(fault, host)),
};

export const executables: ModuleCheck = {
  id: "commands",
  title: "the services' commands can be run",
  looksInto: ["plugins"],
  run: ({ commands, plan }) => {
    if (!plan.ok) return [couldNotLook(plan.reason)];
    return commands.map(
      ({ service, plugin, program, place, file }): Finding => ({
        state: "ERROR",
        ...(plugin === undefined ? {} : { plugin }),
        ...(file === undefined ? (place === undefined ? {} : { place }) : { place: file }),
        message:
          file === undefined
            ? `there is no program ${program}, the command of ${service}`
            : `${service} cannot run it: it is not executable`,
        fix: file === undefined ? `correct the command, or install ${program}` : `\`chmod +x ${file}\``,
      }),
    );
  },
};

export const stale: ModuleCheck = {
  id: "leftovers",
  title: "nothing is left lying about",
  looksInto: ["tmp", "var"],
  run: ({ stale: { generations, sockets, claims }, stranded, run, plan, paths }) => {
    const findings: Finding[] = generations.map((path) => ({
      state: "WARNING",
      place: path,
      message: "an old or unfinished generation that nobody needs",
      fix: `\`rm -r ${path}\``,
    }));
    if (!sockets.ok) findings.push(couldNotLook(sockets.reason, `${paths.runtime}/var`));
    else {
      const services = plan.ok ? Object.values(plan.value.services) : [];
      const dead = sockets.value.filter((path) => !isReused(path, services));
      for (const path of dead) {
        findings.push({
          state: "WARNING",
          place: path,
          message: "a socket nobody listens on, and no service will take over",
          fix: `\`rm ${path}\``,
        });
      }
    }
    if (!run.services.includes("flow")) {
      const known = (stranded ?? []).map(({ plugin, step }) => `/tmp/${plugin}.${step}`);
      for (const { path, files } of claims) {
        if (known.some((directory) => path.endsWith(directory))) continue;
        findings.push({
          state: "WARNING",
          place: path,
          message: `${files} file${files === 1 ? "" : "s"} taken by a step that does not run: safe, but waiting`,
          fix: "`mfdata.start` gives them back to the step",
        });
      }
    }
    return findings;
  },
};

/** Never deleted by age, so somebody has to know of them. */
export const stranded: ModuleCheck = {
  id: "stranded",
  title: "every file has a step that takes it",
  looksInto: ["var"],
  run: ({ stranded: found }) => found?.map((one) => ({ state: "WARNING", ...strandedText(one) })),
};

type PlannedSocket = { readonly socket?: { readonly path: string } };

/** The module's own sockets and those of planned apps are taken over by the next start. */
function isReused(path: string, services: readonly PlannedSocket[]): boolean {
  if (/\/(?:supervisor|nginx|redis|flow|uploads|upstreams|telegraf)\.socket$/.test(path)) return true;
  return services.some(({ socket }) => {
    const [before = "", after = ""] = socket?.path.split("{instance}") ?? [];
    const instance = path.slice(before.length, path.length - after.length);
    return before !== "" && path === before + instance + after && /^\d+$/.test(instance);
  });
}

function judgeAccess({ path, fault, owner }: AccessFault, { uid, user }: HostFacts): Finding {
  const at = { place: path } as const;
  switch (fault) {
    case "closed":
      return {
        ...at,
        state: "ERROR",
        message: `${user} may not pass it, and the module's directories are behind it`,
        fix: `run this as the user of the module, or \`chmod o+x ${path}\``,
      };
    case "uncreatable":
      return {
        ...at,
        state: "ERROR",
        message: `it is missing, and ${user} may not make it`,
        fix: `\`sudo install -d -o ${user} ${path}\``,
      };
    case "unreadable":
      return { ...at, state: "ERROR", message: `${user} may not read it`, fix: `\`sudo chmod a+r ${path}\`` };
    case "unwritable":
      return { ...at, state: "ERROR", message: `${user} may not write here`, fix: `\`chmod u+rwx ${path}\`` };
    case "foreign":
      return {
        ...at,
        state: "ERROR",
        message: `it belongs to the user with number ${owner ?? "?"}, and ${user} (${uid}) may not write here`,
        fix: `\`sudo chown -R ${user} ${path}\``,
      };
    case "world-writable":
      return {
        ...at,
        state: "ERROR",
        message: "everybody may change it, and with it what the services run",
        fix: `\`chmod o-w ${path}\``,
      };
    case "secret-readable":
      return {
        ...at,
        state: "WARNING",
        message: "it holds a secret that everybody may read",
        fix: `\`chmod o-r ${path}\``,
      };
  }
}
