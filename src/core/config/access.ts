import type { ConfigValue, ModuleConfig } from "./types.ts";

/** The number of an option that always has one. Throws, as the other functions here, when the program is wrong about it. */
export function numberOf(config: ModuleConfig, name: string): number {
  const value = found(config, name);
  return typeof value === "number" ? value : wrong(name, "a number", value);
}

export function textOf(config: ModuleConfig, name: string): string {
  const value = found(config, name);
  return typeof value === "string" ? value : wrong(name, "a text", value);
}

export function flagOf(config: ModuleConfig, name: string): boolean {
  const value = found(config, name);
  return typeof value === "boolean" ? value : wrong(name, "a flag", value);
}

/** The number of an option that may say `null`. */
export function optionalNumberOf(config: ModuleConfig, name: string): number | undefined {
  return found(config, name) === null ? undefined : numberOf(config, name);
}

/** The text of an option that may say `null`. */
export function optionalTextOf(config: ModuleConfig, name: string): string | undefined {
  return found(config, name) === null ? undefined : textOf(config, name);
}

/** The items of an option that holds a list; none when it is empty or says `null`. */
export function listOf(config: ModuleConfig, name: string, separator: "," | ";"): readonly string[] {
  return (optionalTextOf(config, name) ?? "")
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function found(config: ModuleConfig, name: string): ConfigValue {
  const sourced = config.values.get(name);
  if (sourced === undefined) throw new Error(`no option is called ${name}`);
  return sourced.value;
}

function wrong(name: string, expected: string, value: ConfigValue): never {
  throw new Error(`the option ${name} is not ${expected} but ${value === null ? "null" : typeof value}`);
}
