import type { OptionSection } from "../../config/option.ts";
import type { ConfigValue } from "../../config/types.ts";

/** The `[custom]` keys of a program, checked and read. Asking for a key its section does not declare is a bug. */
export interface Settings {
  text(key: string): string;
  number(key: string): number;
  flag(key: string): boolean;
}

/** What is wrong with one key. */
export interface Problem {
  readonly key: string;
  /** Completes "`key` ...". */
  readonly message: string;
}

/** The default of a key that has none. */
export const REQUIRED = "FIXME";

/** Reads the keys a section declares; one that is not given has its default. */
export function readSettings(
  section: OptionSection,
  given: (key: string) => string | undefined,
): { readonly settings: Settings; readonly problems: readonly Problem[] } {
  const values = new Map<string, ConfigValue>();
  const problems: Problem[] = [];
  for (const { key, type, default: initial } of section.options) {
    const written = given(key)?.trim();
    const text = written === undefined || written === "null" ? initial : written;
    const parsed = type.schema.safeParse(text);
    if (initial === REQUIRED && (text === REQUIRED || text === "")) problems.push({ key, message: "must be set" });
    else if (parsed.success) values.set(key, parsed.data);
    else problems.push({ key, message: `is \`${text}\`; it must be ${type.label}` });
  }
  return { settings: reader(values), problems };
}

function reader(values: ReadonlyMap<string, ConfigValue>): Settings {
  const found = <T>(key: string, is: (value: unknown) => value is T): T => {
    const value = values.get(key);
    if (!is(value)) throw new Error(`the setting ${key} is asked for as what it is not`);
    return value;
  };
  return {
    text: (key) => found(key, (value) => typeof value === "string"),
    number: (key) => found(key, (value) => typeof value === "number"),
    flag: (key) => found(key, (value) => typeof value === "boolean"),
  };
}
