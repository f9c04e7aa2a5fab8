import { createHmac } from "node:crypto";

/** What files of known hosts say of one server. Keys are base64, as in the files. */
export interface KnownHost {
  readonly keys: ReadonlySet<string>;
  readonly revoked: ReadonlySet<string>;
  /** The kinds of its keys (`ssh-ed25519`), so that it can be asked for one that is known. */
  readonly kinds: readonly string[];
}

const DEFAULT_PORT = 22;

/**
 * Reads the lines about a server in files of known hosts: plain names, `*` and `?`, `!`, `[host]:port`, hashed names, and
 * `@revoked`. Lines of `@cert-authority` are passed over, as certificates are not understood. Source: sshd(8), "SSH_KNOWN_HOSTS
 * FILE FORMAT".
 */
export function knownHost(texts: readonly string[], host: string, port: number): KnownHost {
  const name = port === DEFAULT_PORT ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const keys = new Set<string>();
  const revoked = new Set<string>();
  const kinds = new Set<string>();
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [patterns = "", kind = "", key = ""] = words;
    if (key === "" || patterns.startsWith("#") || !isNamed(patterns, name)) continue;
    if (marker === "@revoked") revoked.add(key);
    if (marker !== undefined) continue;
    keys.add(key);
    kinds.add(kind);
  }
  return { keys, revoked, kinds: [...kinds] };
}

/** Whether a server that shows this key is the one that is known; a text says why it is not. */
export function judgeHostKey(known: KnownHost, key: string, unknown: "refuse" | "accept"): "known" | string {
  if (known.revoked.has(key)) return "its key is revoked";
  if (known.keys.has(key)) return "known";
  if (known.keys.size > 0) return "it shows another key than the one that is known: it may be somebody else";
  return unknown === "accept" ? "known" : "no file of known hosts knows it";
}

function isNamed(patterns: string, name: string): boolean {
  if (patterns.startsWith("|")) return isHashOf(patterns, name);
  let named = false;
  for (const pattern of patterns.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!matches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    named = true;
  }
  return named;
}

function matches(pattern: string, name: string): boolean {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (sign) =>
    sign === "*" ? ".*" : sign === "?" ? "." : `\\${sign}`,
  );
  return new RegExp(`^${source}$`).test(name);
}

/** `|1|salt|hash`: base64 of HMAC-SHA1, which is what the format has. */
function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt = "", hash] = hashed.split("|");
  return version === "1" && createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}
