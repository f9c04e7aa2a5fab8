import type { ArgumentDecl, Command, OptionDecl } from "../command.ts";
import { goneCommands } from "../former/gone.ts";

const accepted: OptionDecl = { type: "string", value: "VALUE", summary: "accepted for former scripts" };
const label: ArgumentDecl = {
  name: "LABEL",
  summary: "a layer's label, as `python3@mfext`, or its home",
  required: true,
};
const command: ArgumentDecl = {
  name: "COMMAND",
  summary: "the command and its arguments",
  required: true,
  variadic: true,
};
const hostPort: readonly ArgumentDecl[] = [
  { name: "HOST", summary: "a name or an address", required: true },
  { name: "PORT", summary: "a TCP port", required: true },
];
const seconds = (summary: string): OptionDecl => ({ type: "string", value: "SECONDS", summary });

const logOptions: Readonly<Record<string, OptionDecl>> = {
  "rotation-size": { type: "string", short: "s", value: "BYTES", summary: "rotate above this size; 0: never" },
  "rotation-time": seconds("rotate after this time; 0: never"),
  "rotated-files": { type: "string", short: "n", value: "NUMBER", summary: "how many rotated ones stay" },
  "log-directory": { type: "string", short: "d", value: "DIR", summary: "where a log without directory is" },
  chmod: { type: "string", short: "c", value: "MODE", summary: "its rights, as 0644" },
  "use-locks": { type: "boolean", short: "m", summary: "accepted for former scripts" },
};

type Declared = Omit<Command, "aliases" | "args" | "options" | "former"> &
  Partial<Pick<Command, "aliases" | "args" | "options">>;

/** What each is called by: its own name. */
function former(declared: Declared): Command {
  return { aliases: [declared.name], args: [], options: {}, ...declared, former: true };
}

const processes = () => import("../former/processes.ts");
const layers = () => import("../former/layers.ts");
const machine = () => import("../former/machine.ts");
const scripts = () => import("../former/scripts.ts");

/** What scripts of operators and Makefiles of plugins know from the predecessor; new ones need none of it. */
export const formerCommands: readonly Command[] = [
  former({
    name: "circusctl",
    summary:
      "Look at services and act on them by the names that watchers had: list, listpids, numwatchers, numprocesses, status, stats, options, start, stop, restart, reload, signal, kill. A restart of an app loses no request.",
    args: [
      { name: "ACTION", summary: "what to do; none: list", required: false },
      {
        name: "WATCHER",
        summary: "a service, as `app.PLUGIN.APP`, and what the action needs",
        required: false,
        variadic: true,
      },
    ],
    options: {
      endpoint: accepted,
      timeout: accepted,
      waiting: { type: "boolean", summary: "accepted for former scripts" },
    },
    load: async () => (await import("../former/circusctl.ts")).circusctl,
  }),
  former({
    name: "redis",
    summary: "Become redis-cli on the socket of mfdata's Redis.",
    args: [{ name: "ARGUMENT", summary: "what redis-cli takes", required: false, variadic: true }],
    passThrough: "all",
    load: async () => (await import("../former/redis.ts")).redis,
  }),
  former({
    name: "nginx.status",
    summary: "Say whether the module's nginx serves what is in force. Exit 1: it does not.",
    load: async () => (await processes()).nginxStatus,
  }),
  former({
    name: "find_zombies_nginx_workers.py",
    summary: "Print the pids of nginx workers whose master is gone. Exit 1: there are some.",
    load: async () => (await processes()).orphanedNginx,
  }),
  former({
    name: "list_metwork_processes.py",
    summary: "List the processes of a module, those that ran away from their parents too.",
    options: {
      "pids-only": { type: "boolean", summary: "only their pids" },
      "include-current-family": { type: "boolean", summary: "also those this command descends from" },
      "output-format": { type: "string", value: "FORMAT", summary: "text (default) or json" },
    },
    load: async () => (await processes()).listProcesses,
  }),
  former({
    name: "kill_remaining_processes.py",
    summary: "End what a killed supervisor left behind. Exit 1: the module runs.",
    load: async () => (await processes()).killRemaining,
  }),
  former({
    name: "recursive_kill.py",
    summary: "Kill a process and all that it has started.",
    args: [{ name: "PID", summary: "the process", required: true }],
    load: async () => (await processes()).killTree,
  }),
  former({
    name: "layers",
    summary: "List the installed layers, plugins included; `(*)`: loaded.",
    options: {
      raw: { type: "boolean", short: "r", summary: "`LABEL HOME`" },
      "loaded-filter": { type: "string", short: "m", value: "yes|no", summary: "only those loaded, or not" },
    },
    load: async () => (await layers()).layers,
  }),
  former({
    name: "is_layer_installed",
    summary: "Print 1 when the layer is installed, else 0.",
    args: [label],
    load: async () => (await layers()).isLayerInstalled,
  }),
  former({
    name: "is_layer_loaded",
    summary: "Print 1 when the layer is loaded in the caller's environment, else 0.",
    args: [label],
    load: async () => (await layers()).isLayerLoaded,
  }),
  former({
    name: "get_layer_home",
    summary: "Print the directory of a layer. Exit 1: it is not installed.",
    args: [label],
    load: async () => (await layers()).layerHome,
  }),
  former({
    name: "layer_load_bash_cmds",
    summary: 'Print what a shell evaluates to load a layer: `eval "$(layer_load_bash_cmds LABEL)"`.',
    args: [label],
    options: { debug: { type: "boolean", summary: "accepted for former scripts" } },
    load: async () => (await layers()).loadCommands,
  }),
  former({
    name: "layer_unload_bash_cmds",
    summary: "Print what a shell evaluates to unload a layer.",
    args: [label],
    options: { debug: { type: "boolean", summary: "accepted for former scripts" } },
    load: async () => (await layers()).unloadCommands,
  }),
  former({
    name: "layer_wrapper",
    summary: "Run a command with layers loaded. Exit 1: one of them cannot be.",
    args: [command],
    options: {
      layers: { type: "string", short: "l", value: "A,B,-C", summary: "their labels; one after `-` may be missing" },
      empty: { type: "boolean", short: "e", summary: "the same as --empty-env" },
      "empty-env": { type: "boolean", short: "E", summary: "keep little of the caller's environment" },
      "empty-env-keeps": { type: "string", short: "k", value: "A,B", summary: "variables kept all the same" },
      cwd: { type: "boolean", short: "c", summary: "run it in the last layer's home" },
      "extra-env-prefix": {
        type: "string",
        short: "x",
        value: "P",
        summary: "set P_NAME, P_LABEL, P_DIR of the last layer",
      },
      "prepend-env": {
        type: "string",
        short: "p",
        value: "VARIABLE,VALUE",
        multiple: true,
        summary: "put VALUE before it",
      },
      "force-prepend": { type: "boolean", short: "f", summary: "accepted for former scripts" },
      "dont-load-optional": { type: "boolean", summary: "accepted for former scripts" },
      debug: { type: "boolean", short: "d", summary: "accepted for former scripts" },
    },
    passThrough: true,
    load: async () => (await layers()).layerWrapper,
  }),
  former({
    name: "outside",
    summary: "Run a command in an environment without modules, layers and plugins.",
    args: [command],
    passThrough: true,
    load: async () => (await scripts()).outside,
  }),
  former({
    name: "_no_automatic_kill.sh",
    summary: "Run a command. Jobs of crontabs begin with it; nothing here kills them unasked.",
    args: [command],
    passThrough: true,
    load: async () => (await scripts()).passOn,
  }),
  former({
    name: "repeat.sh",
    summary: "Run a command every second until it succeeds.",
    args: [command],
    passThrough: true,
    load: async () => (await scripts()).repeat,
  }),
  former({
    name: "mfprogress",
    summary: "Run a command and say in one line how it ended. Exit 1: it failed, or was killed for taking too long.",
    args: [command],
    options: {
      timeout: seconds("kill it after this; default: 180"),
      title: { type: "string", value: "TEXT", summary: "what to call it; default: the command" },
      silent: { type: "boolean", summary: "do not show what a failed one said" },
    },
    passThrough: true,
    load: async () => (await scripts()).progress,
  }),
  former({
    name: "get_unique_hexa_identifier",
    summary: "Print 32 random hexadecimal digits.",
    load: async () => (await scripts()).uniqueIdentifier,
  }),
  former({
    name: "log",
    summary: "Write a line as plugins log: DEBUG and INFO to standard output, the others to standard error.",
    args: [
      { name: "LEVEL", summary: "DEBUG, INFO, WARNING, ERROR or CRITICAL", required: true },
      { name: "MESSAGE", summary: "the text", required: true, variadic: true },
    ],
    options: { "application-name": { type: "string", short: "a", value: "NAME", summary: "who says it" } },
    load: async () => (await scripts()).log,
  }),
  former({
    name: "log_proxy",
    summary: "Write standard input into a log that is rotated.",
    args: [{ name: "LOGFILE", summary: "the log, in the module's log directory", required: true }],
    options: {
      ...logOptions,
      fifo: { type: "string", short: "f", value: "PIPE", summary: "read this named pipe instead" },
    },
    load: async () => (await import("../former/log-proxy.ts")).logProxy,
  }),
  former({
    name: "log_proxy_wrapper",
    summary: "Run a command, what it says into logs that are rotated. Ends as the command does.",
    args: [command],
    options: {
      stdout: { type: "string", short: "O", value: "FILE|NULL", summary: "where its standard output goes" },
      stderr: {
        type: "string",
        short: "E",
        value: "FILE|STDOUT|NULL",
        summary: "where its standard error goes; default: STDOUT",
      },
      "fifo-tmp-dir": {
        type: "string",
        short: "F",
        value: "DIR",
        summary: "accepted for former scripts; there are no named pipes",
      },
      ...logOptions,
    },
    passThrough: true,
    load: async () => (await import("../former/log-proxy.ts")).logProxyWrapper,
  }),
  former({
    name: "envtpl",
    summary: "Fill the Jinja template on standard input with the environment. Exit 1: a variable is missing.",
    options: {
      "allow-missing": { type: "boolean", summary: "a missing variable is empty" },
      "reduce-multi-blank-lines": { type: "boolean", summary: "one empty line at most between others" },
      "keep-template": { type: "boolean", summary: "accepted for former scripts" },
    },
    load: async () => (await scripts()).fillTemplate,
  }),
  former({
    name: "get_simple_hostname",
    summary: "Print this machine's name.",
    load: async () => (await machine()).machineFact("name"),
  }),
  former({
    name: "get_full_hostname",
    summary: "Print this machine's name with its domain.",
    load: async () => (await machine()).machineFact("fullName"),
  }),
  former({
    name: "get_domainname",
    summary: "Print this machine's domain. Exit 1: it has none.",
    load: async () => (await machine()).machineFact("domain"),
  }),
  former({
    name: "get_real_ip",
    summary: "Print this machine's address.",
    load: async () => (await machine()).machineFact("ip"),
  }),
  former({
    name: "get_ip_for_hostname",
    summary: "Print the IPv4 address of a host. Exit 1: it has none.",
    args: [{ name: "HOST", summary: "its name; none: this machine", required: false }],
    load: async () => (await machine()).addressOfHost,
  }),
  former({
    name: "ping_tcp_port",
    summary: "Say whether somebody listens on a TCP port. Exit 1: nobody does.",
    args: hostPort,
    options: {
      timeout: seconds("how long to try; default: 5"),
      silent: { type: "boolean", summary: "only by the exit code" },
    },
    load: async () => (await machine()).pingPort,
  }),
  former({
    name: "port_test.sh",
    summary: "Print ok when somebody listens on a TCP port, else nok.",
    args: hostPort,
    load: async () => (await machine()).testPort,
  }),
  ...goneCommands(),
];
