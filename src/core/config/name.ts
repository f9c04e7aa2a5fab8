/** Which configuration applies, and who said so. */
export interface ConfigurationName {
  readonly name: string;
  readonly fromFile: boolean;
  /** Its line, when the file names it. */
  readonly line?: number;
}

/**
 * `MFCONFIG`: of the environment, else the first line of `metwork.config` that is no comment, without its spaces, else
 * `GENERIC`. A name that a module's environment took from the file is not believed, so that a change of the file counts.
 */
export function configurationName(
  env: Readonly<Record<string, string | undefined>>,
  fileText: string | undefined,
): ConfigurationName {
  const preset = env["MFCONFIG"]?.trim();
  if (preset && env["METWORK_MFCONFIG_ORIGIN"] !== "file") return { name: preset, fromFile: false };
  const lines = (fileText ?? "").replace(/^\ufeff/, "").split(/\r?\n/);
  const names = lines.map((line) => line.replace(/\s/g, ""));
  const index = names.findIndex((line) => line !== "" && !line.startsWith("#"));
  return { name: names[index] ?? "GENERIC", fromFile: true, ...(index === -1 ? {} : { line: index + 1 }) };
}
