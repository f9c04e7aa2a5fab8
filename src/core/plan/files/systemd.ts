import { byText } from "../../base/order.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { environmentLine, systemdArgument, systemdAssignment, systemdText, systemdWord } from "../quote/systemd.ts";
import { type Render, renderer } from "../render.ts";
import type { Plan, PlannedFile, ServiceSpec } from "../types.ts";
import { upstreamsFile, upstreamsService } from "./systemd-upstreams.ts";
import { hasUnit, unitOf } from "./unit-names.ts";

/** Ports below it need a capability. */
const FIRST_FREE_PORT = 1024;
const BINDS_PRIVILEGED = "CAP_NET_BIND_SERVICE";

/** The module's units, as a dedicated user's system units or an ordinary user's own, and their environment files. */
export function planUnits(
  input: PlanInput,
  services: readonly ServiceSpec[],
  environments: Plan["environments"],
): [path: string, file: PlannedFile][] {
  const render = renderer(input.templates, systemdText);
  const files: [string, PlannedFile][] = [];
  const unit = (name: string, text: string): void => {
    files.push([`systemd/${name}`, { text, mode: 0o640, check: "systemd" }]);
  };
  const sorted = services.filter(hasUnit).sort((a, b) => a.tier - b.tier || byText(a.id, b.id));
  const own = sorted.filter((spec) => spec.plugin === undefined);
  const common = commonView(input);
  for (const spec of sorted) {
    const name = unitName(spec, input);
    const after = own.filter((other) => other.tier < spec.tier).map((other) => `${unitName(other, input)}.service`);
    unit(`${name}.service`, serviceUnit(render, common, spec, name, after));
    if (spec.socket?.hand === "inherited") unit(`${name}.socket`, socketUnit(render, common, spec, spec.socket.path));
  }
  const wanted = sorted.flatMap((spec) => instancesOf(spec, unitName(spec, input)));
  if (input.paths.module === "mfserv" && own.some(({ id }) => id === "nginx")) {
    const spec = upstreamsService(input);
    const name = unitName(spec, input);
    unit(`${name}.service`, serviceUnit(render, { ...common, onDemand: true }, spec, name, []));
    unit(`${name}.socket`, socketUnit(render, common, spec, layoutOf(input.paths).upstreamsSocket));
    wanted.push(`${name}.socket`);
    files.push(upstreamsFile(sorted, (one) => unitName(one, input)));
  }
  unit(common.target, render("systemd/target.hbs", { ...common, wanted }));
  for (const [name, env] of Object.entries(environments)) files.push([`env/${name}.env`, environmentFile(env)]);
  return files;
}

function unitName(spec: ServiceSpec, { paths }: PlanInput): string {
  return unitOf(spec, paths.module);
}

function instancesOf(spec: ServiceSpec, name: string): string[] {
  if (spec.plugin === undefined) return [`${name}.service`];
  const kinds = spec.socket?.hand === "inherited" ? ["socket", "service"] : ["service"];
  return Array.from({ length: spec.instances }, (_, index) =>
    kinds.map((kind) => `${name}${index + 1}.${kind}`),
  ).flat();
}

function commonView({ paths, host, config }: PlanInput) {
  const dedicated = host.user === paths.module;
  const port = config.values.get("nginx.port")?.value;
  const low = typeof port === "number" && port > 0 && port < FIRST_FREE_PORT;
  return {
    module: paths.module,
    target: `metwork-${paths.module}-services.target`,
    /** An ordinary user's manager is that user, and may not use namespaces. */
    user: dedicated ? host.user : undefined,
    configAuto: layoutOf(paths).configAuto,
    runtime: systemdWord(paths.runtime),
    /** What load balancers are answered by: nobody else says that the module runs. */
    health: paths.module === "mfserv" ? systemdArgument(layoutOf(paths).health) : undefined,
    nginxCapability: dedicated && low ? BINDS_PRIVILEGED : undefined,
    /** It is started by its socket, and ends by itself. */
    onDemand: false,
  };
}

function serviceUnit(
  render: Render,
  common: ReturnType<typeof commonView>,
  spec: ServiceSpec,
  name: string,
  after: readonly string[],
): string {
  const inherited = spec.socket?.hand === "inherited";
  const bound = spec.socket?.hand === "renamed" ? spec.socket.path : undefined;
  const [program, ...args] = spec.argv.map((word) =>
    word.replaceAll("{unix_socket_path}", bound ?? "{unix_socket_path}"),
  );
  // systemd looks a bare name up in its own path, not in the service's.
  const argv = program?.startsWith("/") ? [program, ...args] : ["/usr/bin/env", program ?? "", ...args];
  return render("systemd/service.hbs", {
    ...common,
    description: spec.plugin === undefined ? `${common.module}: ${spec.id}` : `${common.module}: ${spec.id} {instance}`,
    after: inherited ? [...after, `${name}{instance}.socket`] : after,
    requires: inherited ? `${name}{instance}.socket` : undefined,
    directory: spec.cwd,
    environments: spec.environments,
    variables: Object.entries(spec.env).map(([key, value]) => systemdAssignment(`${key}=${value}`)),
    clears: [...(spec.clears ?? []), ...(bound === undefined ? [] : [bound])].map(systemdArgument),
    command: argv.map(systemdArgument).join(" "),
    reloads: spec.onChange === "reload",
    signal: spec.stop.signal,
    stopMs: Math.max(1, spec.stop.graceMs),
    maxAgeS: spec.maxAgeS > 0 ? spec.maxAgeS : undefined,
    limits: limitLines(spec),
    stdout: spec.log.stdout,
    stderr: spec.log.stderr ?? spec.log.stdout,
    private: spec.plugin === undefined,
    confined: spec.namespaces !== true,
    capability: spec.id === "nginx" ? common.nginxCapability : undefined,
    health: spec.id === "nginx" ? common.health : undefined,
  });
}

function socketUnit(render: Render, common: ReturnType<typeof commonView>, spec: ServiceSpec, path: string): string {
  return render("systemd/socket.hbs", {
    ...common,
    description: `${common.module}: socket of ${spec.id}${spec.plugin === undefined ? "" : " {instance}"}`,
    path,
  });
}

function limitLines({ limits }: ServiceSpec): string[] {
  const named = [
    ["NOFILE", limits.openFiles],
    ["AS", limits.addressSpace],
    ["STACK", limits.stack],
    ["FSIZE", limits.fileSize],
    ["CORE", limits.core],
  ] as const;
  const lines = named.flatMap(([name, value]) => (value === undefined ? [] : [`Limit${name}=${value}`]));
  if (limits.memory !== undefined) lines.push(`MemoryMax=${limits.memory}`);
  if (limits.tasks !== undefined) lines.push(`TasksMax=${limits.tasks}`);
  return lines;
}

function environmentFile(env: Readonly<Record<string, string>>): PlannedFile {
  const lines = Object.entries(env).filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  return { text: lines.map(([name, value]) => `${environmentLine(name, value)}\n`).join(""), mode: 0o600 };
}
