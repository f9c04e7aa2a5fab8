import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CertificateFacts } from "../types.ts";
import { look } from "./seen.ts";

/** A PEM file and the setting that names it. */
export interface Named {
  readonly path: string;
  readonly option: string;
}

/** Reads a certificate (the first of its file, as servers do) and its key, PEM. `use`: the command that puts a new one in force. */
export function gatherCertificate(certificate: Named, key: Named | undefined, use: string): CertificateFacts {
  const read = look(() => new X509Certificate(readFileSync(certificate.path)));
  const dates = (value: X509Certificate) => ({ from: Date.parse(value.validFrom), to: Date.parse(value.validTo) });
  return {
    certificate: { ...certificate, read: read.ok ? { ok: true, value: dates(read.value) } : read },
    ...(key === undefined ? {} : { key: { ...key, read: readKey(key.path, read.ok ? read.value : undefined) } }),
    use,
  };
}

function readKey(path: string, certificate: X509Certificate | undefined): NonNullable<CertificateFacts["key"]>["read"] {
  const key = look(() => createPrivateKey(readFileSync(path)));
  return key.ok ? { ok: true, value: { matches: certificate?.checkPrivateKey(key.value) } } : key;
}
