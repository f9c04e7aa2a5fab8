import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readTextFile, writeFileAtomically } from "./fs.ts";

/** Who may upload. Only the SHA-256 of the secret is kept, which is random and long enough to need no slow hash. */
export interface UploadKey {
  readonly name: string;
  readonly sha256: string;
  /** By their names in URLs; empty: all that take files. */
  readonly directories: readonly string[];
}

const LINE = /^(?<name>[A-Za-z0-9_.-]{1,64}) (?<sha256>[0-9a-f]{64})(?: (?<directories>\S+))?$/;
const SECRET_BYTES = 32;

/** The keys of a file, a line each; other lines are none. A missing file has none. */
export function readUploadKeys(file: string): readonly UploadKey[] {
  const read = readTextFile(file);
  const lines = read.ok ? read.text.split("\n") : [];
  return lines.flatMap((line) => {
    const { name, sha256, directories = "" } = LINE.exec(line)?.groups ?? {};
    if (name === undefined || sha256 === undefined) return [];
    return [{ name, sha256, directories: directories.split(",").filter((one) => one !== "") }];
  });
}

export async function writeUploadKeys(file: string, keys: readonly UploadKey[]): Promise<void> {
  const lines = keys.map(({ name, sha256, directories }) => [name, sha256, directories.join(",")].join(" ").trim());
  await writeFileAtomically(file, lines.map((line) => `${line}\n`).join(""), 0o600);
}

/** A secret nobody can guess, 43 characters. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

export function hashOfSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
/** The key an `Authorization` header holds, as a bearer token or a basic password. Takes the same time for all keys. */
export function keyOf(authorization: string, keys: readonly UploadKey[]): UploadKey | undefined {
  const [, scheme = "", rest = ""] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  const basic = scheme.toLowerCase() === "basic";
  if (!basic && scheme.toLowerCase() !== "bearer") return undefined;
  const text = basic ? Buffer.from(rest, "base64").toString("utf8") : `:${rest}`;
  const colon = text.indexOf(":");
  const [asked, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  const hash = Buffer.from(hashOfSecret(secret));
  let found: UploadKey | undefined;
  for (const key of keys) {
    if (timingSafeEqual(hash, Buffer.from(key.sha256)) && (asked === "" || asked === key.name)) found = key;
  }
  return found;
}
