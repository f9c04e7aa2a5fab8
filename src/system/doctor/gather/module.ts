import { statSync } from "node:fs";
import { dirname } from "node:path";
import { flagOf, optionalNumberOf, optionalTextOf, textOf } from "../../../core/config/access.ts";
import type { ModuleConfig } from "../../../core/config/types.ts";
import type { FlowConfig } from "../../../core/flow/types.ts";
import { type ModulePaths, runtimeLayout } from "../../../core/module/paths.ts";
import { plan } from "../../../core/plan/plan.ts";
import type { Plan } from "../../../core/plan/types.ts";
import { fileGives, NET_BIND_SERVICE, startedHave } from "../../../kit/linux/capability.ts";
import { readLastApply } from "../../apply/module.ts";
import { findPrograms } from "../../host/programs.ts";
import { findStranded, flowInForce } from "../../lifecycle/stranded.ts";
import { loadPlanInput } from "../../load/plan-input.ts";
import { missingInternals } from "../../plugins/provision.ts";
import type { CertificateFacts, ModuleFacts, Seen } from "../types.ts";
import { gatherAccess, hiddenDirectories } from "./access.ts";
import { gatherCertificate } from "./certificate.ts";
import { gatherEntrances, watchedDirectories } from "./entrances.ts";
import { gatherNamespaces } from "./namespaces.ts";
import { certificatesOf, keysOf, peersOf } from "./plugins.ts";
import { gatherCommands, gatherHelpers } from "./programs.ts";
import { type Answers, gatherLimits, gatherTree } from "./running.ts";
import { secretFiles } from "./secrets.ts";
import { look, seen, unseen } from "./seen.ts";
import { gatherStale } from "./stale.ts";
import { attributesIn, volumeOf, waysOf } from "./storage.ts";
import { gatherVariants } from "./variants.ts";

/** Looks at one module, running or not; `answers` is what its programs said. Changes nothing. */
export async function gatherModuleFacts(paths: ModulePaths, { run, redis }: Answers): Promise<ModuleFacts> {
  const layout = runtimeLayout(paths.runtime);
  const [loaded, tree, lastApply] = await Promise.all([
    loadPlanInput(paths),
    gatherTree(layout),
    readLastApply(layout),
  ]);
  const config: Seen<ModuleConfig> = loaded.ok
    ? seen(loaded.value.input.config)
    : unseen("the configuration has errors");
  const planned = loaded.ok ? plan(loaded.value.input) : undefined;
  const planSeen: Seen<Plan> = planned?.ok ? seen(planned.value) : unseen("the configuration cannot be planned");
  const broken = loaded.ok ? loaded.value.broken.flatMap(({ notes }) => notes) : [];
  const missing = config.ok ? missingInternals(paths, config.value, run.supervisor === "answers") : [];
  const programs = loaded.ok ? loaded.value.input.programs : findPrograms();
  const dataIn = config.ok && paths.module === "mfdata" ? textOf(config.value, "data_in.dir") : undefined;
  const flow = planSeen.ok ? flowOf(planSeen.value) : undefined;
  // A plugin with mistakes may be in force as it was before.
  const told = (run.supervisor === "answers" && paths.module === "mfdata" ? flowInForce(paths) : undefined) ?? flow;
  const plugins = loaded.ok ? loaded.value.input.plugins : [];
  const certificates = [
    ...(config.ok ? ownCertificates(paths, config.value) : []),
    ...(paths.module === "mfdata" ? certificatesOf(plugins) : []),
  ];
  const secrets = [...certificates.flatMap(({ key }) => key?.path ?? []), ...keysOf(plugins), ...secretFiles(layout)];
  return {
    paths,
    hidden: hiddenDirectories(paths),
    config,
    plan: planSeen,
    notes: [...loaded.notes, ...broken, ...(planned?.notes ?? []), ...missing],
    inputs: directoriesOf(loaded.inputs).size,
    watched: flow === undefined ? 0 : watchedDirectories(flow),
    programs,
    helpers: gatherHelpers(),
    run,
    tree,
    lastApply,
    volumes: [
      { what: "the runtime home", ...volumeOf(paths.runtime) },
      { what: "the logs", ...volumeOf(layout.log) },
      ...(dataIn === undefined ? [] : [{ what: "incoming files", ...volumeOf(dataIn) }]),
    ],
    attributes: dataIn === undefined ? undefined : { path: dataIn, ...attributesIn(dataIn) },
    ways: flow === undefined ? [] : waysOf(flow),
    limits: gatherLimits(run.pid),
    nginxMayBindLow: mayBindLow(programs.nginx),
    access: gatherAccess(paths, secrets, dataIn === undefined ? [] : [dataIn]),
    commands: planSeen.ok ? gatherCommands(planSeen.value) : [],
    certificates,
    entrances: config.ok && dataIn !== undefined ? gatherEntrances(layout, config.value, dataIn) : undefined,
    namespaces: planSeen.ok ? await gatherNamespaces(planSeen.value, programs.bubblewrap) : undefined,
    peers: planSeen.ok ? peersOf(planSeen.value, plugins) : [],
    redis,
    stale: gatherStale(layout, dataIn),
    stranded: told === undefined ? undefined : findStranded(paths, told).filter(({ plugin }) => !comes(config, plugin)),
    variants: gatherVariants(paths),
  };
}

/** A plugin that the next start installs. */
function comes(config: Seen<ModuleConfig>, plugin: string): boolean {
  return config.ok && config.value.values.get(`internal_plugins.install_${plugin}`)?.value === true;
}

function flowOf({ tree }: Plan): FlowConfig | undefined {
  const file = tree.get("flow.json");
  return file === undefined ? undefined : (JSON.parse(file.text) as FlowConfig);
}

/** Inputs are watched through the directories they are in; one that is a directory is watched itself too. */
function directoriesOf(inputs: readonly string[]): ReadonlySet<string> {
  const isDirectory = (path: string): boolean => {
    const stat = look(() => statSync(path));
    return stat.ok && stat.value.isDirectory();
  };
  return new Set(inputs.flatMap((path) => [dirname(path), ...(isDirectory(path) ? [path] : [])]));
}

/** Those the module's own servers show: nginx's, and that of FTP over TLS. */
function ownCertificates({ module, runtime }: ModulePaths, config: ModuleConfig): readonly CertificateFacts[] {
  if (module === "mfdata") {
    if (!flagOf(config, "ftp.flag") || !flagOf(config, "ftp.tls")) return [];
    const both = { path: `${runtimeLayout(runtime).config}/ftp/server.pem`, option: "config/ftp/server.pem" };
    return [gatherCertificate(both, both, "metwork apply mfdata")];
  }
  const wanted = flagOf(config, "nginx.flag") && (optionalNumberOf(config, "nginx.https_port") ?? 0) > 0;
  const certificate = optionalTextOf(config, "nginx.ssl_certificate");
  const key = optionalTextOf(config, "nginx.ssl_certificate_key");
  if (!wanted || certificate === undefined || key === undefined) return [];
  const named = { path: certificate, option: "`[nginx] ssl_certificate`" };
  return [gatherCertificate(named, { path: key, option: "`[nginx] ssl_certificate_key`" }, "metwork apply mfserv")];
}

function mayBindLow(nginx: string | undefined): Seen<boolean> {
  if (nginx === undefined) return unseen("nginx is not installed");
  return look(() => startedHave(NET_BIND_SERVICE) || fileGives(nginx, NET_BIND_SERVICE));
}
