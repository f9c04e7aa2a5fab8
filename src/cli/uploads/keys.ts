import { mkdir } from "node:fs/promises";
import { runtimeLayout } from "../../core/module/paths.ts";
import { hashOfSecret, newSecret, readUploadKeys, writeUploadKeys } from "../../kit/upload-keys.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";

/** `metwork uploads allow`: the secret goes to stdout and nowhere else. */
export async function allow(context: Context, given: Given): Promise<ExitCode> {
  const [name = "", ...directories] = given.args;
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) throw new UsageError("NAME is of letters, digits and - . _");
  if (!directories.every((one) => /^[A-Za-z0-9;:_.-]+$/.test(one)))
    throw new UsageError("DIRECTORY is a directory's name, as in the URL");
  const file = keysFile(context);
  const keys = readUploadKeys(file);
  if (keys.some((key) => key.name === name)) {
    context.err(`error[MF8080]: ${name} has a key already`);
    context.err(`  = help: take it back first: metwork uploads revoke ${name}`);
    return 1;
  }
  const secret = newSecret();
  await mkdir(runtimeLayout(context.paths("mfdata").runtime).config, { recursive: true, mode: 0o750 });
  await writeUploadKeys(file, [...keys, { name, sha256: hashOfSecret(secret), directories }]);
  context.out(context.json ? JSON.stringify({ name, secret, directories }) : secret);
  return 0;
}

/** `metwork uploads revoke`. */
export async function revoke(context: Context, given: Given): Promise<ExitCode> {
  const file = keysFile(context);
  const keys = readUploadKeys(file);
  const left = keys.filter(({ name }) => name !== given.args[0]);
  if (left.length === keys.length) {
    context.err(`error[MF8081]: ${given.args[0]} has no key`);
    context.err("  = help: see `metwork uploads list`");
    return 1;
  }
  await writeUploadKeys(file, left);
  return 0;
}

/** `metwork uploads list`. */
export async function list(context: Context): Promise<ExitCode> {
  const keys = readUploadKeys(keysFile(context)).map(({ name, directories }) => ({ name, directories }));
  if (context.json) context.out(JSON.stringify(keys));
  else
    for (const { name, directories } of keys)
      context.out(directories.length === 0 ? name : `${name}  ${directories.join(",")}`);
  return 0;
}

function keysFile(context: Context): string {
  return runtimeLayout(context.paths("mfdata").runtime).uploadKeys;
}
