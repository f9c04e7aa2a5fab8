import type { Quote } from "../plan/quote/error.ts";
import { containerValue, shellWord, supervisorValue, supervisorWord } from "../plan/quote/init.ts";
import { systemdArgument, systemdAssignment, systemdText } from "../plan/quote/systemd.ts";
import { renderer } from "../plan/render.ts";
import { frontFiles } from "./front.ts";
import type { Exported, ExportedFile, InitSystem } from "./types.ts";

type Templates = ReadonlyMap<string, string>;

/** What the installation brings along for it. */
export interface Helpers {
  /** Absolute path of `listen_on`. */
  readonly listenOn: string;
  /** What a container image begins with, and the Debian packages to add. */
  readonly image: string;
  readonly packages: readonly string[];
}

/** The files that make an init system start a service, restart it whenever it ends, and stop it. Throws UnquotableError. */
export function exportFor(
  init: InitSystem,
  service: Exported,
  templates: Templates,
  helpers: Helpers,
): readonly ExportedFile[] {
  const below = init === "container" ? "root" : "";
  return [...WRITERS[init](service, templates, helpers), ...frontFiles(everywhere(init, service), templates, below)];
}

/** In a container it listens for everybody who reaches the container, on one port. */
function everywhere(init: InitSystem, service: Exported): Exported {
  return init === "container" && service.listen !== undefined
    ? { ...service, listen: "0.0.0.0:8000", user: "app" }
    : service;
}

type Writer = (service: Exported, templates: Templates, helpers: Helpers) => readonly ExportedFile[];

const WRITERS: Readonly<Record<InitSystem, Writer>> = {
  systemd,
  "rc.d": (service, templates, helpers) => [
    shellFile("rc.d", service.name, service, templates, helpers, {
      use: `/usr/local/etc/rc.d/${service.name}; then: sysrc ${variable(service.name)}_enable=YES; service ${service.name} start`,
    }),
  ],
  sysv: (service, templates, helpers) => [
    shellFile("sysv", service.name, service, templates, helpers, {
      use: `/etc/init.d/${service.name}; then: update-rc.d ${service.name} defaults (or chkconfig --add); service ${service.name} start`,
    }),
  ],
  upstart: (service, templates, helpers) => [
    {
      ...shellFile("upstart", `${service.name}.conf`, service, templates, helpers, {
        use: `/etc/init/${service.name}.conf; then: start ${service.name}`,
      }),
      executable: false,
    },
  ],
  supervisor,
  container,
};

function systemd(service: Exported, templates: Templates): readonly ExportedFile[] {
  const render = renderer(templates, systemdText);
  const bySocket = service.inherits && service.listen !== undefined;
  const view = {
    ...service,
    listen: service.listen ?? "",
    variables: pairs(service.env).map(([name, value]) => systemdAssignment(`${name}=${value}`)),
    command: service.argv.map(systemdArgument).join(" "),
    bySocket,
    privateTmp: ![service.directory, ...service.argv].some((text) => /^\/(?:var\/)?tmp\//.test(text)),
  };
  const start = bySocket ? `${service.name}.socket ${service.name}.service` : `${service.name}.service`;
  const use = `/etc/systemd/system/; then: systemctl daemon-reload; systemctl enable --now ${start}`;
  const unit = (kind: string): ExportedFile => ({
    name: `${service.name}.${kind}`,
    text: render(`export/systemd.${kind}.hbs`, view),
    executable: false,
    use,
  });
  return bySocket ? [unit("socket"), unit("service")] : [unit("service")];
}

function supervisor(service: Exported, templates: Templates, helpers: Helpers): readonly ExportedFile[] {
  const text = renderer(templates, supervisorWord)("export/supervisor.hbs", {
    ...service,
    command: listening(service, helpers).map(supervisorWord).join(" "),
    variables: pairs(service.env)
      .map(([name, value]) => `${name}=${supervisorValue(value)}`)
      .join(","),
  });
  const use = `/etc/supervisor/conf.d/${service.name}.conf; then: supervisorctl update`;
  return [{ name: `${service.name}.conf`, text, executable: false, use }];
}

function container(service: Exported, templates: Templates, helpers: Helpers): readonly ExportedFile[] {
  const use = `podman build -t ${service.name} . ; podman run --restart=always -p ${(service.listen ?? "").replace(/^.*:/, "")}:8000 ${service.name}`;
  const view = {
    ...service,
    image: helpers.image,
    packages: helpers.packages.join(" "),
    variables: pairs(service.env).map(([name, value]) => `${name}=${containerValue(value)}`),
    stopSignal: `SIG${service.stopSignal}`,
  };
  const entry = shellFile("entrypoint", "entrypoint", everywhere("container", service), templates, helpers, { use });
  return [
    { name: "Containerfile", text: renderer(templates, String)("export/container.hbs", view), executable: false, use },
    entry,
  ];
}

function shellFile(
  template: string,
  name: string,
  service: Exported,
  templates: Templates,
  helpers: Helpers,
  { use }: { readonly use: string },
): ExportedFile {
  const [program = "", ...rest] = listening(service, helpers);
  const text = renderer(templates, shellWord as Quote)(`export/${template}.hbs`, {
    ...service,
    variable: variable(service.name),
    enableDefault: `\${${variable(service.name)}_enable:=NO}`,
    // Not NAME_user: rc.subr would then run daemon(8) itself as that user.
    userDefault: `\${${variable(service.name)}_runas:=${service.user}}`,
    userValue: `\${${variable(service.name)}_runas}`,
    assignments: pairs(service.env).map(([key, value]) => `${key}=${shellWord(value)}`),
    program,
    words: rest.map(shellWord).join(" "),
  });
  return { name, text, executable: true, use };
}

/** The command as an init system without sockets runs it. */
function listening({ argv, listen, inherits }: Exported, { listenOn }: Helpers): readonly string[] {
  return inherits && listen !== undefined ? [listenOn, listen, "--", ...argv] : argv;
}

function pairs(env: Exported["env"]): readonly (readonly [string, string])[] {
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The beginning of a shell variable's name. */
function variable(name: string): string {
  return name.replaceAll("-", "_");
}
