import type { Diagnostic } from "../base/diagnostic.ts";
import type { PlanInput } from "./input.ts";
import { isPlainPath } from "./quote/nginx.ts";

/** Options whose value is written in generated files. */
const OPTIONS = ["nginx.clientbody_temp_path", "nginx.ssl_certificate", "nginx.ssl_certificate_key", "data_in.dir"];

/** Says which of the module's own paths cannot be written in every generated file. */
export function vetPaths({ paths, config }: PlanInput): readonly Diagnostic[] {
  const places = [
    ["the runtime home", paths.runtime],
    ["the installation", paths.root],
  ] as const;
  const own = places
    .filter(([, path]) => !isPlainPath(path))
    .map(([what, path]) => refusal(`${what} ${JSON.stringify(path)}`, undefined));
  const options = OPTIONS.flatMap((name) => {
    const option = config.values.get(name);
    if (typeof option?.value !== "string" || isPlainPath(option.value)) return [];
    return [refusal(`\`${name}\` ${JSON.stringify(option.value)}`, option.at)];
  });
  return [...own, ...options];
}

function refusal(what: string, at: Diagnostic["at"]): Diagnostic {
  return {
    code: "MF4007",
    severity: "error",
    message: `${what} cannot be written in nginx.conf`,
    ...(at !== undefined && { at }),
    fix: 'use an absolute path without control characters, `$`, `"` and `\\`',
  };
}
