import type { Host } from "./host.ts";
import { type ModulePaths, runtimeLayout } from "./paths.ts";

type Env = Readonly<Record<string, string>>;

/** What configuration values may refer to, and the beginning of every process' environment. */
export interface BaseFacts {
  readonly paths: ModulePaths;
  readonly host: Host;
  /** Of the installation: `MFMODULE_VERSION`. */
  readonly version: string;
  readonly configurationName: string;
  /** False when the name was given in the environment, and must stay what it was there. */
  readonly configurationNameFromFile: boolean;
  /** `major.minor` of the machine's Python. */
  readonly python3Version?: string | undefined;
}

/**
 * The variables that do not depend on the module's options. Nothing in them changes with time: what the predecessor set
 * from the clock or the state (`<MOD>_CONF_GENERATION_TIME`, `MFMODULE_STATUS`) is left out, so that equal inputs give
 * equal plans.
 */
export function baseEnv(facts: BaseFacts): Env {
  const { paths, host, version, configurationName, python3Version } = facts;
  const { module, root, home, mfext, runtime } = paths;
  const upper = module.toUpperCase();
  const layout = runtimeLayout(runtime);
  return {
    MFEXT_HOME: mfext,
    MFEXT_VERSION: version,
    MFMODULE: upper,
    MFMODULE_LOWERCASE: module,
    MFMODULE_HOME: home,
    MFMODULE_VERSION: version,
    MFMODULE_RUNTIME_HOME: runtime,
    MFMODULE_RUNTIME_USER: host.user,
    MFMODULE_RUNTIME_SUFFIX: host.user === module ? "" : `metwork/${module}`,
    [`${upper}_HOME`]: home,
    [`${upper}_VERSION`]: version,
    MFCONFIG: configurationName,
    METWORK_MFCONFIG_ORIGIN: facts.configurationNameFromFile ? "file" : "env",
    METWORK_PROFILE_LOADED: "1",
    HOME: host.userHome,
    // Programs without a locale read and write ASCII, and stop at the first accent.
    LANG: "C.UTF-8",
    LAYERAPI2_LAYERS_PATH: [layout.plugins, `${root}/layers`, home, mfext].join(":"),
    LC_NUMERIC: "C",
    PATH: [`${root}/bin`, `${root}/node_modules/.bin`, ...SYSTEM_PATH].join(":"),
    ...(python3Version !== undefined && { PYTHON3_SHORT_VERSION: python3Version }),
    PYTHON_EGG_CACHE: `${layout.tmp}/python_cache`,
    TMPDIR: layout.tmp,
    USER: host.user,
    LOGNAME: host.user,
    ...hostEnv(host),
  };
}

const SYSTEM_PATH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

function hostEnv(host: Host): Env {
  const cores = "MFHARDWARE_NUMBER_OF_CPU_CORES";
  const memory = "MFHARDWARE_PHYSICAL_MEMORY";
  const share = (whole: number, part: number): string => String(Math.max(1, Math.floor(whole / part)));
  const shares = (name: string, whole: number, parts: readonly number[]): Env =>
    Object.fromEntries(parts.map((part) => [`${name}_DIVIDED_BY_${part}`, share(whole, part)]));
  return {
    MFHARDWARE_NUMBER_OF_PHYSICAL_PROCESSORS: String(host.processors),
    [cores]: String(host.cores),
    [`${cores}_PLUS_1`]: String(host.cores + 1),
    [`${cores}_MULTIPLIED_BY_2`]: String(host.cores * 2),
    ...shares(cores, host.cores, [2, 3, 4, 6, 8]),
    [memory]: String(host.memoryKiB),
    ...shares(memory, host.memoryKiB, [2, 3, 4, 6, 8, 16]),
    MFDOMAIN: host.domain,
    MFHOSTNAME: host.name,
    MFHOSTNAME_FULL: host.fullName,
    MFHOSTNAME_IP: host.ip,
    MFHOSTNAME_FULL_IP: host.ip,
  };
}

/**
 * `<MOD>_<SECTION>_<KEY>` of every option that is not private, and `..._IP` beside those that name hosts.
 * `addresses` says what the names resolve to; one it does not know becomes `dns_error`.
 */
export function optionsEnv(
  module: string,
  texts: ReadonlyMap<string, string>,
  addresses: ReadonlyMap<string, string>,
): Env {
  const variable = (name: string): string => `${module}_${name.replace(".", "_")}`.toUpperCase().replaceAll("-", "_");
  const env: Record<string, string> = {};
  for (const [name, text] of texts) {
    if (name.split(".")[1]?.startsWith("_")) continue;
    env[variable(name)] = text;
    if (!/[._]hostnames?$/.test(name) || texts.has(`${name}_ip`)) continue;
    const items = name.endsWith("s") ? text.split(";") : [text];
    env[`${variable(name)}_IP`] = items.map((item) => addressOf(item.trim(), addresses)).join(";");
  }
  return env;
}

/** Whether a host option's text is a name to resolve: `null`, nothing and paths of sockets are not. */
export function isHostName(text: string): boolean {
  return text !== "" && text !== "null" && !text.startsWith("/");
}

/** The address of a host an option names; what is no name to resolve stays as it is. */
export function addressOf(text: string, addresses: ReadonlyMap<string, string>): string {
  return isHostName(text) ? (addresses.get(text) ?? "dns_error") : text;
}

/** What loggers and log writers read: `MFLOG_*` and `LOGPROXY_*`. */
export function logEnv(paths: ModulePaths, texts: ReadonlyMap<string, string>): Env {
  const text = (name: string): string => texts.get(name) ?? "null";
  const admin = text("log.mfadmin_flag").toUpperCase();
  const hasServer = text("admin.hostname") !== "null";
  const sends = hasServer && (admin === "AUTO" || admin === "1");
  const jsonFile = text("log.json_file");
  const runtime = runtimeLayout(paths.runtime);
  const site = `${paths.etc}/metwork.config.d/${paths.module}`;
  const overrides = [`${site}/config`, site, runtime.config, `${paths.home}/config`, `${paths.mfext}/config`];
  return {
    MFLOG_MINIMAL_LEVEL: text("log.minimal_level"),
    MFLOG_JSON_MINIMAL_LEVEL: text("log.json_minimal_level"),
    MFLOG_JSON_FILE: jsonFile.toUpperCase() === "AUTO" ? "null" : jsonFile,
    MFLOG_JSON_ONLY_KEYS: "plugin",
    MFLOG_SYSLOG_ADDRESS: sends ? `127.0.0.1:${text("vector.mflog_port")}` : "null",
    MFLOG_SYSLOG_FORMAT: "json",
    MFLOG_SYSLOG_MINIMAL_LEVEL: text("log.mfadmin_minimal_level"),
    MFLOG_MINIMAL_LEVEL_OVERRIDE_FILES: overrides.map((directory) => `${directory}/mflog_override.conf`).join(";"),
    LOGPROXY_LOG_DIRECTORY: runtime.log,
    LOGPROXY_ROTATION_SIZE: text("log.max_size_before_rotation"),
    LOGPROXY_ROTATION_TIME: text("log.max_age_before_rotation"),
    LOGPROXY_ROTATED_FILES: text("log.number_of_rotated_files"),
    LOGPROXY_CHMOD: text("log.chmod"),
  };
}
