import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CertificateFacts } from "../types.ts";
import { look } from "./seen.ts";

/** Reads a certificate (the first of its file, as servers do) and its key, PEM. */
export function gatherCertificate(certificatePath: string, keyPath: string): CertificateFacts {
  const certificate = look(() => new X509Certificate(readFileSync(certificatePath)));
  const key = look(() => createPrivateKey(readFileSync(keyPath)));
  return {
    certificate: {
      path: certificatePath,
      read: certificate.ok
        ? {
            ok: true,
            value: { from: Date.parse(certificate.value.validFrom), to: Date.parse(certificate.value.validTo) },
          }
        : certificate,
    },
    key: {
      path: keyPath,
      read: key.ok
        ? { ok: true, value: { matches: certificate.ok ? certificate.value.checkPrivateKey(key.value) : undefined } }
        : key,
    },
  };
}
