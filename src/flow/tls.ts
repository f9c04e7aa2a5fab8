import { readFileSync } from "node:fs";
import type { Settings } from "../core/flow/network/settings.ts";

export interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized: boolean;
  readonly minVersion: "TLSv1.2";
}

/** What `tlsOptions(prefix)` of the settings says, its files read. Throws when one cannot be read. */
export function tlsSettings(settings: Settings, prefix: string): TlsSettings {
  const file = (key: string): Buffer | undefined => {
    const path = settings.text(`${prefix}_${key}_file`);
    return path === "" ? undefined : readFileSync(path);
  };
  const [ca, cert, key] = [file("ca"), file("cert"), file("key")];
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    rejectUnauthorized: settings.flag(`${prefix}_verify`),
    minVersion: "TLSv1.2",
  };
}
