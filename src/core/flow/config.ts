import { posix } from "node:path";
import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { type Result, success } from "../base/result.ts";
import { flagOf, listOf, numberOf, optionalTextOf, textOf } from "../config/access.ts";
import type { ModuleConfig } from "../config/types.ts";
import { type ModulePaths, runtimeLayout } from "../module/paths.ts";
import type { Plugin, Step, SwitchRule } from "../plugin/types.ts";
import { DEFAULT_MODE, modeAt, readMode, type WatchMode } from "./completeness.ts";
import { networkMistakes } from "./network/mistakes.ts";
import { parseDestination, recognise } from "./recognise.ts";
import { isProgrammed } from "./rules.ts";
import type {
  FailurePolicySpec,
  FlowConfig,
  FlowStep,
  StepName,
  StepWork,
  SwitchRuleSpec,
  WatchedDirectory,
} from "./types.ts";
import { levelNamed, stepKey } from "./types.ts";

export interface FlowInput {
  readonly plugins: readonly Plugin[];
  readonly config: ModuleConfig;
  readonly paths: ModulePaths;
  /** The expanded command of a step; undefined where it has none that could be run. */
  readonly argvOf: (step: Step, plugin: Plugin) => readonly string[] | undefined;
}

const MEGABYTE = 1024 * 1024;
const GUESS_FILE_TYPE = "guess_file_type";
const SWITCH = "switch";
const EXTERNAL: StepWork = { do: "external" };

/**
 * Makes the content of `config_auto/flow.json`. A step that cannot run is left out with a warning: its directory is
 * still fed, so that its files wait for it.
 */
export function flowConfig(input: FlowInput): Result<FlowConfig> {
  const { config, paths, plugins } = input;
  const dataIn = posix.normalize(textOf(config, "data_in.dir"));
  const runtime = runtimeLayout(paths.runtime);
  const notes: Diagnostic[] = [];
  const steps = plugins.flatMap((plugin) =>
    stepsOf(plugin).flatMap((step) => flowStep(step, plugin, input, notes) ?? []),
  );
  notes.push(...unknownTargets(plugins, steps));
  return success(
    {
      version: 1,
      dataIn,
      redisSocket: runtime.redisSocket,
      lockFile: posix.join(runtime.var, "flow.lock"),
      adoptedFile: runtime.flowAdopted,
      stepSocket: runtime.flowSocket,
      ignore: listOf(config, "directory_observer.ignore", ";"),
      forcedPollS: numberOf(config, "directory_observer.forced_poll"),
      pollQueueLimit: numberOf(config, "directory_observer.poll_queue_limit"),
      log: { level: levelNamed(textOf(config, "log.minimal_level"), "INFO") },
      lifetimes: {
        trashS: numberOf(config, "data_in.trash_max_lifetime") * 60,
        tmpS: numberOf(config, "data_in.tmp_max_lifetime") * 60,
        unfinishedS: numberOf(config, "data_in.other_max_lifetime") * 60,
        emptyS: 60,
        everyS: 60,
      },
      ...metricsTarget(config),
      limits: {
        freeBytes: numberOf(config, "data_in.min_free_space") * MEGABYTE,
        freeInodes: numberOf(config, "data_in.min_free_inodes"),
        waiting: numberOf(config, "data_in.max_waiting_files"),
      },
      refusingFile: runtime.refusing,
      steps,
      watched: watchedDirectories(input, dataIn, new Set(steps.map(stepKey))),
    },
    notes,
  );
}

function metricsTarget(config: ModuleConfig): Pick<FlowConfig, "metrics"> {
  const port = numberOf(config, "telegraf.statsd_port");
  const wanted = optionalTextOf(config, "admin.hostname") !== undefined && port > 0;
  return wanted ? { metrics: { port, host: config.env["MFHOSTNAME"] ?? "" } } : {};
}

/** `$IN/step.<plugin>.<step>`: where a step's files wait for it. */
function stepDirectory(dataIn: string, plugin: string, step: string): string {
  return posix.join(dataIn, `step.${plugin}.${step}`);
}

function stepsOf(plugin: Plugin): readonly Step[] {
  return plugin.parts.filter((part) => part.kind === "step");
}

function flowStep(step: Step, plugin: Plugin, input: FlowInput, notes: Diagnostic[]): FlowStep | undefined {
  const argv = input.argvOf(step, plugin);
  if (argv === undefined) return undefined;
  const { config } = input;
  const recognised = recognise({
    argv,
    label: plugin.layer.label,
    settings: plugin.settings,
    noMatch: {
      policy: textOf(config, "internal_plugins.switch_no_match_policy") === "keep" ? "keep" : "delete",
      originalName: flagOf(config, "internal_plugins.switch_no_match_keep_original_basename"),
    },
  });
  if (recognised.kind === "wrong") {
    notes.push(wrongStep(step, plugin, recognised.message));
    return undefined;
  }
  const mistakes = recognised.kind === "custom" ? networkMistakes(argv, step, plugin) : [];
  notes.push(...mistakes);
  if (mistakes.length > 0) return undefined;
  const onFailure = failurePolicy(step, plugin, notes);
  const internal = step.name === "main" && (plugin.name === GUESS_FILE_TYPE || plugin.name === SWITCH);
  return {
    plugin: plugin.name,
    step: step.name,
    version: plugin.version,
    work: recognised.kind === "custom" ? EXTERNAL : withRules(recognised.work, plugin.name, input.plugins),
    lanes: lanesOf(step, plugin, internal, recognised.kind === "custom", config),
    onFailure,
    ...(step.retry.total > 0 && { retry: step.retry }),
    ...(isDurable(step, config) && { durable: true }),
    ...(step.maxProcessingS > 0 && { maxProcessingS: step.maxProcessingS }),
    ...(step.priority > 0 && { priority: step.priority }),
    ...(step.maxWaiting > 0 && { maxWaiting: step.maxWaiting }),
    debug: step.debug || (internal && flagOf(config, `internal_plugins.${plugin.name}_debug`)),
  };
}

/** An external step has as many lanes as workers connect, so that a change of their number needs nothing here. */
function lanesOf(step: Step, plugin: Plugin, internal: boolean, external: boolean, config: ModuleConfig): number {
  if (external) return 1;
  return internal ? numberOf(config, `internal_plugins.${plugin.name}_numprocesses`) : step.instances;
}

function withRules(work: StepWork, name: string, plugins: readonly Plugin[]): StepWork {
  if (work.do !== "switch") return work;
  const rules = plugins.flatMap((plugin) => plugin.rules.filter((rule) => rule.switch === name));
  return {
    ...work,
    rules: rules.map((rule) => switchRule(rule, plugins.find(({ name: owner }) => owner === rule.plugin)?.home ?? "")),
  };
}

/** A rule as a switch is told it: a function with the directory of its file. */
export function switchRule({ plugin, type, tag, pattern, targets }: SwitchRule, home: string): SwitchRuleSpec {
  const where = isProgrammed({ type }) && !pattern.startsWith("/") ? `${home}:${pattern}` : pattern;
  return { plugin, type, tag, pattern: where, targets };
}

/** A step may be sent to that is not installed yet: its files then pile up in a directory nobody empties. */
function unknownTargets(plugins: readonly Plugin[], steps: readonly FlowStep[]): readonly Diagnostic[] {
  const known = new Set(plugins.flatMap((plugin) => stepsOf(plugin).map(({ name }) => `${plugin.name}/${name}`)));
  const note = (what: string, to: StepName, at: Span, plugin: string): readonly Diagnostic[] => {
    const target = `${to.plugin}/${to.step}`;
    if (known.has(target)) return [];
    const message = `${what} leads to ${target}, which is no step of an installed plugin`;
    const fix = "install that plugin, or correct the target; until then such files wait in its directory";
    return [{ code: "MF7005", severity: "warning", message, at, plugin, fix }];
  };
  return plugins.flatMap((plugin) => [
    ...plugin.rules.flatMap((rule) =>
      rule.targets.flatMap((to) => note(`the rule \`${rule.pattern}\` of ${plugin.name}`, to, rule.at, plugin.name)),
    ),
    ...stepsOf(plugin).flatMap((step) => {
      const flow = steps.find((one) => one.plugin === plugin.name && one.step === step.name);
      if (flow === undefined) return [];
      const { onFailure: policy, work } = flow;
      const section = `[step_${step.name}] of ${plugin.name}`;
      const failed = policy.do === "move" && policy.to.to === "step" ? [policy.to.step] : [];
      const failedAt = step.keys["failure_policy_move_dest_dir"] ?? step.at;
      return [
        ...failed.flatMap((to) => note(`failure_policy_move_dest_dir of ${section}`, to, failedAt, plugin.name)),
        ...targetsOf(work).flatMap((to) => note(section, to, step.keys["_cmd_and_args"] ?? step.at, plugin.name)),
      ];
    }),
  ]);
}

/** Steps that a built-in step sends to because its command says so. */
function targetsOf(work: StepWork): readonly StepName[] {
  if (work.do === "copy") return work.to;
  if (work.do === "guess_file_type") return [work.to];
  return work.do === "move" && work.to.to === "step" ? [work.to.step] : [];
}

function failurePolicy(step: Step, plugin: Plugin, notes: Diagnostic[]): FailurePolicySpec {
  if (step.onFailure.do !== "move") return { do: step.onFailure.do };
  const to = parseDestination(step.onFailure.to);
  if (to !== undefined) return { do: "move", to };
  notes.push({
    code: "MF7003",
    severity: "warning",
    message: `failure_policy_move_dest_dir of [step_${step.name}] is \`${step.onFailure.to}\`; failed files are kept in trash`,
    at: step.keys["failure_policy_move_dest_dir"] ?? step.at,
    plugin: plugin.name,
    fix: "write `plugin/step` or an absolute directory",
  });
  return { do: "keep" };
}

/** Every step's own directory, what steps ask for, and the module's entrance, which its first step watches. */
function watchedDirectories(input: FlowInput, dataIn: string, run: ReadonlySet<string>): readonly WatchedDirectory[] {
  const feeds = new Map<string, Set<string>>();
  const internal = new Set<string>();
  const modes = new Map<string, WatchMode>();
  const drops = new Set<string>();
  const feed = (directory: string, key: string, mode = DEFAULT_MODE): void => {
    if (!run.has(key)) return;
    const path = posix.normalize(directory).replace(/(?<=.)\/+$/, "");
    feeds.set(path, (feeds.get(path) ?? new Set()).add(key));
    if (!modes.has(path)) modes.set(path, mode);
  };
  for (const plugin of input.plugins) {
    for (const step of stepsOf(plugin)) {
      const own = stepDirectory(dataIn, plugin.name, step.name);
      internal.add(own);
      feed(own, stepKey({ plugin: plugin.name, step: step.name }));
      for (const [index, directory] of step.watchedDirectories.entries())
        feed(directory, stepKey({ plugin: plugin.name, step: step.name }), modeAt(step.completeness, index));
    }
  }
  const first = [GUESS_FILE_TYPE, SWITCH].find((name) => run.has(`${name}.main`));
  const entrances = first === undefined ? [] : listOf(input.config, "internal_plugins.watched_directories", ",");
  const declared = listOf(input.config, "internal_plugins.watched_completeness", ",").flatMap(
    (text) => readMode(text) ?? [],
  );
  for (const [index, entry] of entrances.entries()) {
    feed(posix.resolve(dataIn, entry), `${first}.main`, modeAt(declared, index));
  }
  for (const server of ["ftp", "sftp"]) {
    if (first === undefined || !flagOf(input.config, `${server}.flag`)) continue;
    const mode = readMode(textOf(input.config, `${server}.completeness`));
    const directory = posix.resolve(dataIn, textOf(input.config, `${server}.directory`));
    drops.add(directory);
    feed(directory, `${first}.main`, mode);
  }
  return [...feeds].map(([directory, steps]) => {
    const external = !internal.has(directory);
    // What the pipeline itself puts into a step's directory is complete when it is there.
    const { complete, recursive } = external ? (modes.get(directory) ?? DEFAULT_MODE) : DEFAULT_MODE;
    return {
      directory,
      steps: [...steps],
      external,
      ...(complete.by !== "close" && { complete }),
      ...(recursive && { recursive }),
      ...(drops.has(directory) && { closes: true }),
    };
  });
}

function wrongStep(step: Step, plugin: Plugin, message: string): Diagnostic {
  return {
    code: "MF7002",
    severity: "warning",
    message: `[step_${step.name}] of ${plugin.name} cannot run: ${message}`,
    at: step.keys["_cmd_and_args"] ?? step.at,
    plugin: plugin.name,
    fix: `correct it; until then its files wait in step.${plugin.name}.${step.name}`,
  };
}

function isDurable({ durability }: Step, config: ModuleConfig): boolean {
  return (durability === "AUTO" ? textOf(config, "data_in.durability") : durability) === "durable";
}
