import { rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../kit/exec.ts";
import {
  type Answers,
  checkCreation,
  createPlugin,
  defaultAnswers,
  listTemplates,
} from "../../system/plugins/bootstrap.ts";
import { buildArchive } from "../../system/plugins/build.ts";
import { installPlugin } from "../../system/plugins/install.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { reportTask } from "../print/task.ts";
import { ask } from "./ask.ts";
import { type ModuleAtHand, moduleAtHand } from "./module.ts";

/** `bootstrap_plugin list` and `bootstrap_plugin create`. */
export async function bootstrap(context: Context, given: Given): Promise<ExitCode> {
  const [action, name] = given.args;
  if (action === undefined) {
    context.out("usage: bootstrap_plugin list | bootstrap_plugin create [--template NAME] [--no-input] NAME");
    return 0;
  }
  if (action === "list") return list(context);
  if (action !== "create") throw new UsageError(`\`${action}\` is neither create nor list`);
  if (name === undefined) throw new UsageError("missing argument NAME");
  const module = await moduleAtHand(context);
  return module === undefined ? 1 : await create(context, given, module, name);
}

function list(context: Context): ExitCode {
  const names = listTemplates(context.paths());
  if (context.json) context.out(JSON.stringify(names));
  else context.out(["List of available plugin templates:", ...names.map((name) => `     * ${name}`)].join("\n"));
  return 0;
}

async function create(context: Context, given: Given, module: ModuleAtHand, name: string): Promise<ExitCode> {
  const template = given.value("template") ?? "default";
  const target = join(context.cwd, name);
  const checked = checkCreation(module.paths, template, name, target);
  if (!checked.ok) {
    printDiagnostics(context, checked.notes);
    return 1;
  }
  const defaults = defaultAnswers(module.paths);
  // In the order of the predecessor.
  const asks = !given.flag("no-input") && context.interactive;
  const said = asks ? await ask({ ...defaults }, process.stdin, process.stderr) : {};
  if (said === undefined) {
    context.err("\nNothing was created.");
    return 1;
  }
  const answers: Answers = { ...defaults, ...said };
  const created = await createPlugin(module.paths, module.env, template, name, target, answers);
  if (!created.ok) {
    printDiagnostics(context, created.notes);
    return 1;
  }
  if (context.json) context.out(JSON.stringify({ plugin: name, directory: target, files: created.value }));
  context.err(`Plugin ${name} successfully created in ${target}`);
  context.err("Next: edit its config.ini, then `make develop` in it to try it, `make release` to ship it.");
  return given.flag("make") ? await release(context, given, module, target) : 0;
}

async function release(context: Context, given: Given, module: ModuleAtHand, target: string): Promise<ExitCode> {
  const made = await run(["make", "release"], {
    cwd: target,
    output: "inherit",
    env: { ...context.env, ...module.env },
  });
  const built = made.code === 0 ? await buildArchive(module.paths, module.env, target, context.cwd) : undefined;
  reportTask(context, "Building plugin", built?.ok === true ? "OK" : "ERROR");
  if (built === undefined) return 1;
  printDiagnostics(context, built.notes);
  if (!built.ok) return 1;
  context.out(built.value);
  if (given.flag("install")) {
    const installed = await installPlugin(module.paths, module.env, built.value);
    reportTask(context, "Installing plugin", installed.ok ? "OK" : "ERROR");
    printDiagnostics(context, installed.notes);
    if (!installed.ok) return 1;
  }
  if (given.flag("delete")) await rm(target, { recursive: true });
  return 0;
}
