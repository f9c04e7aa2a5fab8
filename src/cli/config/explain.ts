import { hasErrors } from "../../core/base/result.ts";
import { suggest } from "../../core/base/suggest.ts";
import type { Option } from "../../core/config/option.ts";
import { findOption } from "../../core/config/resolve.ts";
import { MODULE_OPTIONS } from "../../core/module/options/index.ts";
import type { ModuleName } from "../../core/module/paths.ts";
import { gatherHost } from "../../system/host/host.ts";
import { readConfig } from "../../system/load/config.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { chosenModule } from "../lifecycle/modules.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { type Claim, claimsOf, columns } from "./describe.ts";

/** `metwork config explain [MODULE] KEY`: value, winner and losers, each with its file and line. */
export async function explain(context: Context, given: Given): Promise<ExitCode> {
  const key = given.args.at(-1) ?? "";
  if (given.args.length > 2) throw new UsageError("one module and one key, please");
  const module = chosenModule(context, { ...given, args: given.args.slice(0, -1) });
  const option = optionNamed(module, key);
  const { resolved, configurationName, notes } = readConfig(context.paths(module), gatherHost(), context.env);
  const value = resolved.values.get(key);
  const exit: ExitCode = value === undefined && hasErrors(notes) ? 1 : 0;
  const claims = value === undefined ? [] : claimsOf(value, configurationName);
  const [winner, ...losers] = claims;
  const about = {
    key,
    value: value?.value,
    configuration: configurationName,
    variable: `${module}_${key.replace(".", "_")}`.toUpperCase().replaceAll("-", "_"),
    default: option.default,
    unit: option.unit,
    cost: option.cost,
    meaning: option.text,
  };
  if (context.json) {
    context.out(JSON.stringify({ ...about, winner, losers, notes }));
    return exit;
  }
  if (value === undefined) {
    context.out(exit === 0 ? `${key} is not set` : `${key} has no value, because of the mistakes below`);
  } else {
    context.out(`${key} = ${resolved.texts.get(key)}`);
    for (const line of claimLines(key, claims, configurationName)) context.out(line);
  }
  context.out("");
  context.out(option.text + (option.unit === undefined ? "" : ` In ${option.unit}.`));
  context.out(`Variable ${about.variable}. A change of it: ${option.cost}.`);
  printDiagnostics(context, notes);
  return exit;
}

/** The option a key means. Throws UsageError with the nearest name. */
function optionNamed(module: ModuleName, key: string): Option {
  const sections = MODULE_OPTIONS[module];
  const [name, rest = ""] = key.split(/\.(.*)/);
  const section = sections.find((candidate) => candidate.name === name);
  const option = section === undefined ? undefined : findOption(section, rest);
  if (option !== undefined) return option;
  const names = sections.flatMap((candidate) => candidate.options.map((other) => `${candidate.name}.${other.key}`));
  const near = suggest(key, names) ?? names.find((candidate) => candidate.endsWith(`.${key}`));
  const hint = near === undefined ? `\`metwork config list ${module}\` shows all` : `did you mean \`${near}\`?`;
  throw new UsageError(`${module} has no option \`${key}\`; ${hint}`);
}

function claimLines(key: string, claims: readonly Claim[], configurationName: string): readonly string[] {
  const name = key.replace(/^[^.]*\./, "");
  const rows = claims.map((claim, index) => {
    const written = `${name}${claim.variant === undefined ? "" : `[${claim.variant}]`} = ${claim.text.replaceAll("\n", " ")}`;
    const fate = index === 0 ? "wins" : claim.applies ? "loses" : "is for";
    const why = claim.applies ? "" : `${claim.variant}, this is ${configurationName}`;
    return [`  ${fate}`, claim.origin, claim.at ?? "(built in)", written, why];
  });
  return columns(rows);
}
