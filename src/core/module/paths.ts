import { posix } from "node:path";

/** A module of the appliance: plugins of one kind, run by one unix user. */
export type ModuleName = "mfserv" | "mfdata";
export const MODULE_NAMES: readonly ModuleName[] = ["mfdata", "mfserv"];

/** Where one module lives on this machine. */
export interface ModulePaths {
  readonly module: ModuleName;
  /** The installation: the checkout, or /opt/metwork. Read-only at run time. */
  readonly root: string;
  /** `MFMODULE_HOME`: what the module ships (config, templates, internal plugins). Read-only. */
  readonly home: string;
  /** `MFEXT_HOME`: what all modules share (plugin.mk, layers). Read-only. */
  readonly mfext: string;
  /** `MFMODULE_RUNTIME_HOME`: everything the module writes. */
  readonly runtime: string;
  /** `/etc`, or `$METWORK_ETC`: `metwork.config` and `metwork.config.d` are in it. */
  readonly etc: string;
  /** Where to look for plugins and install them, if not where the module runs them from. */
  readonly otherPlugins?: string;
}

/** Who runs the command, as far as paths depend on it. */
export interface Caller {
  readonly user: string;
  readonly userHome: string;
  /** Reads `METWORK_RUNTIME_ROOT`, `METWORK_ETC` and `MFMODULE_RUNTIME_HOME` (of the same `MFMODULE`). */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Finds a module's homes: `$METWORK_RUNTIME_ROOT/<mod>`, else the dedicated user's home, else `~/metwork/<mod>`. */
export function modulePaths(module: ModuleName, root: string, caller: Caller): ModulePaths {
  const runtimeRoot = caller.env["METWORK_RUNTIME_ROOT"];
  const preset = caller.env["MFMODULE"] === module.toUpperCase() ? caller.env["MFMODULE_RUNTIME_HOME"] : undefined;
  const own = caller.user === module ? caller.userHome : posix.join(caller.userHome, "metwork", module);
  return {
    module,
    root,
    home: posix.join(root, "modules", module),
    mfext: posix.join(root, "modules", "mfext"),
    runtime: preset || (runtimeRoot ? posix.join(runtimeRoot, module) : own),
    etc: caller.env["METWORK_ETC"] || "/etc",
  };
}

/** Whether a module lives where its user would expect it, and so is the only one of its name that this user runs. */
export function isUsualHome(paths: ModulePaths, host: { readonly user: string; readonly userHome: string }): boolean {
  return paths.runtime === modulePaths(paths.module, paths.root, { ...host, env: {} }).runtime;
}

/** The files and directories of a runtime home, by what they are for. */
export function runtimeLayout(runtime: string) {
  const inside = (...parts: readonly string[]): string => posix.join(runtime, ...parts);
  return {
    config: inside("config"),
    userConfig: inside("config", "config.ini"),
    /** Who may upload files: a name, the SHA-256 of a secret and directories, a line each. */
    uploadKeys: inside("config", "upload_keys"),
    pluginOverrides: inside("config", "plugins"),
    log: inside("log"),
    tmp: inside("tmp"),
    /** Symlink to the generation in force. */
    configAuto: inside("tmp", "config_auto"),
    generations: inside("tmp", "config_auto.d"),
    pluginLock: inside("tmp", "plugin_management_lock"),
    var: inside("var"),
    plugins: inside("var", "plugins"),
    status: inside("var", "status"),
    /** Holds one empty file named by that word: nginx can see names without a program. */
    health: inside("var", "health"),
    statusJson: inside("var", "status.json"),
    uuid: inside("var", "uuid"),
    /** Touch it to make conf_monitor look again. */
    confMonitor: inside("var", "conf_monitor"),
    /** Exists while conf_monitor has nothing to do. */
    confMonitorIdle: inside("var", "conf_monitor_idle"),
    supervisorSocket: inside("var", "supervisor.socket"),
    /** Where the supervisor says which workers serve. */
    upstreamsSocket: inside("var", "upstreams.socket"),
    supervisorState: inside("var", "supervisor.json"),
    /** Is there as long as the ways into the pipeline must refuse files; says why. */
    refusing: inside("var", "refusing.json"),
    /** What happened to each file of mfdata. */
    trace: inside("var", "trace"),
    /** Which expected files of mfdata did not arrive. */
    expect: inside("var", "expect.json"),
    /** The certificate of FTP over TLS, with its key. */
    ftpCertificate: inside("config", "ftp", "server.pem"),
    /** Which flow.json the pipeline runs by: its SHA-256. */
    flowAdopted: inside("var", "flow_adopted"),
    redisSocket: inside("var", "redis.socket"),
    /** Where steps of their own program meet the pipeline. */
    flowSocket: inside("var", "flow.socket"),
    /** Where nginx hands resumable uploads on. */
    uploadsSocket: inside("var", "uploads.socket"),
    nginxSocket: inside("var", "nginx.socket"),
    nginxPid: inside("var", "nginx.pid"),
  } as const;
}

export type RuntimeLayout = ReturnType<typeof runtimeLayout>;

/** The directory whose plugins are meant. */
export function pluginsDirectory(paths: ModulePaths): string {
  return paths.otherPlugins ?? runtimeLayout(paths.runtime).plugins;
}

/** The configuration files of a module, weakest first. */
export function configFiles(paths: ModulePaths) {
  return {
    package: posix.join(paths.home, "config", "config.ini"),
    user: runtimeLayout(paths.runtime).userConfig,
    site: posix.join(paths.etc, "metwork.config.d", paths.module, "config.ini"),
  } as const;
}

/** The configuration files of a plugin, weakest first. */
export function pluginConfigFiles(paths: ModulePaths, plugin: string, home: string) {
  return {
    package: posix.join(home, "config.ini"),
    user: posix.join(runtimeLayout(paths.runtime).pluginOverrides, `${plugin}.ini`),
    site: posix.join(paths.etc, "metwork.config.d", paths.module, "plugins", `${plugin}.ini`),
  } as const;
}
