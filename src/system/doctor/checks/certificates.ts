import type { CertificateFacts, Finding, ModuleCheck } from "../types.ts";
import { duration } from "./findings.ts";

const DAY_MS = 86_400_000;
const EXPIRES_SOON_MS = 30 * DAY_MS;

export const certificates: ModuleCheck = {
  id: "certificate",
  title: "certificates",
  run: ({ certificates: all }, { clock: { now } }) =>
    all.length === 0 ? undefined : all.flatMap((one) => [...judgeCertificate(one, now), ...judgeKey(one)]),
};

function judgeCertificate({ certificate: { path, option, read }, use }: CertificateFacts, now: number): Finding[] {
  if (!read.ok) {
    const fix = `set ${option} to a PEM file this user may read`;
    return [{ state: "ERROR", place: path, message: `it cannot be used: ${read.reason}`, fix }];
  }
  const { from, to } = read.value;
  const fix = `renew it, then \`${use}\`; \`openssl x509 -in ${path} -noout -dates\` shows its dates`;
  if (to < now) return [{ state: "ERROR", place: path, message: `it expired ${duration(now - to)} ago`, fix }];
  if (from > now) return [{ state: "ERROR", place: path, message: `it is valid only in ${duration(from - now)}`, fix }];
  if (to - now >= EXPIRES_SOON_MS) return [];
  return [{ state: "WARNING", place: path, message: `it expires in ${duration(to - now)}`, fix }];
}

function judgeKey({ certificate, key }: CertificateFacts): Finding[] {
  if (key === undefined) return [];
  if (!key.read.ok) {
    const fix = `set ${key.option} to a PEM file without passphrase that this user may read`;
    return [{ state: "ERROR", place: key.path, message: `it cannot be used: ${key.read.reason}`, fix }];
  }
  if (key.read.value.matches !== false) return [];
  const fix = "use the key the certificate was made with";
  return [{ state: "ERROR", place: key.path, message: `it is not the key of ${certificate.path}`, fix }];
}
