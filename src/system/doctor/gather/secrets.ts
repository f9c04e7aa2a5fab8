import { closeSync, openSync, readSync } from "node:fs";
import { basename, join } from "node:path";
import type { RuntimeLayout } from "../../../core/module/paths.ts";
import { listDirectory } from "../../../kit/fs.ts";
import { look } from "./seen.ts";

/** A directory of keys is not that deep, nor has it that many. */
const DEPTH_MAX = 3;
const FILES_MAX = 1000;
/** A private key says so in its first line, which a comment may precede. Bytes. */
const HEAD = 1024;
const NAMES = /(?:^|[._-])(?:htpasswd|passwords?|upload_keys|host_key|id_(?:rsa|ecdsa|ed25519))$/;
const PRIVATE_KEY = /^-----BEGIN [A-Z ]*PRIVATE KEY-----/m;

/** Files below a module's `config`, and in its plugins' homes, that are secret: private keys and lists of passwords. */
export function secretFiles({ config, plugins }: RuntimeLayout): readonly string[] {
  return [...filesIn(config, DEPTH_MAX), ...filesIn(plugins, 2)].slice(0, FILES_MAX).filter(isSecret);
}

function filesIn(directory: string, depth: number): readonly string[] {
  const listed = listDirectory(directory);
  return (listed.ok ? listed.entries : []).flatMap(({ name, kind }) => {
    const path = join(directory, name);
    if (kind === "file") return [path];
    return kind === "directory" && depth > 1 && !name.startsWith(".") ? filesIn(path, depth - 1) : [];
  });
}

function isSecret(path: string): boolean {
  if (NAMES.test(basename(path))) return true;
  if (!/\.(?:pem|key)$/.test(path)) return false;
  const head = look(() => headOf(path));
  return head.ok && PRIVATE_KEY.test(head.value);
}

function headOf(path: string): string {
  const fd = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(HEAD);
    return buffer.toString("latin1", 0, readSync(fd, buffer));
  } finally {
    closeSync(fd);
  }
}
