import { flagOf } from "../../../core/config/access.ts";
import type { Finding, ModuleCheck, ModuleFacts } from "../types.ts";

/** What a module cannot do without, or can, and what goes missing then. */
interface Need {
  readonly name: string;
  readonly package: string;
  readonly there: boolean;
  /** undefined: nothing here needs it. */
  readonly lost: string | undefined;
  readonly state: "ERROR" | "WARNING";
}

export const programs: ModuleCheck = {
  id: "programs",
  title: "programs are installed",
  run: (module, { install }) =>
    needs(module)
      .filter(({ there, lost }) => !there && lost !== undefined)
      .map(
        ({ name, package: pack, lost, state }): Finding => ({
          state,
          place: name,
          message: `it is not installed: ${lost}`,
          fix: `\`${install} ${pack}\`, or \`make setup\``,
        }),
      ),
};

function needs(module: ModuleFacts): readonly Need[] {
  const { programs: found, helpers, config, plan, notes, paths } = module;
  const isFiles = paths.module === "mfdata";
  const web = !config.ok || flagOf(config.value, "nginx.flag");
  const services = Object.values(plan.ok ? plan.value.services : {});
  const limited = services.find(({ limits }) => Object.keys(limits).length > 0);
  const python = services.find(({ argv }) => argv.some((word) => /python3?$|wsgi_server$|bjoern_wrapper/.test(word)));
  const timed = plan.ok && /^[^#\s]/m.test(plan.value.tree.get("crontab")?.text ?? "");
  const noLua = notes.find(({ code }) => code === "MF4008");
  const need = (name: string, pack: string, there: boolean, state: Need["state"], lost: string | undefined): Need => ({
    name,
    package: pack,
    there,
    state,
    lost,
  });
  return [
    need("nginx", "nginx", found.nginx !== undefined, "ERROR", web ? "nothing is served" : undefined),
    need(
      "nginx's Lua module",
      "libnginx-mod-http-lua",
      found.nginxModules.length > 0,
      noLua === undefined ? "WARNING" : "ERROR",
      web ? (noLua?.message ?? "no plugin can use Lua") : undefined,
    ),
    need("Redis or Valkey", "redis", found.redis !== undefined, "ERROR", isFiles ? "there is no queue" : undefined),
    need(
      "python3",
      "python3",
      found.python3 !== undefined,
      python === undefined ? "WARNING" : "ERROR",
      python === undefined ? "plugins in Python cannot run" : `${python.id} cannot run`,
    ),
    need("libmagic", "file", helpers.libmagic, "ERROR", isFiles ? "types of files cannot be told" : undefined),
    need(
      "prlimit",
      "util-linux",
      helpers.prlimit,
      "ERROR",
      limited && `${limited.id} asks for limits, and cannot start`,
    ),
    need(
      "setpriv",
      "util-linux",
      helpers.setpriv,
      "WARNING",
      "services survive a killed supervisor until the next start",
    ),
    need("cron", "cron", helpers.cron, "WARNING", timed ? "nothing of the crontab is run" : undefined),
  ];
}
