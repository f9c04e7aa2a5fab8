import { createHash, timingSafeEqual } from "node:crypto";
import { chmodSync, createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { posix } from "node:path";
import { FileStore } from "@tus/file-store";
import { ERRORS, Server, type Upload } from "@tus/server";
import {
  readDigests,
  UPLOADS_PATH,
  type UploadsConfig,
  type UploadTarget,
  uploadTarget,
} from "../../core/flow/uploads.ts";
import { renameUnlessTaken } from "../../kit/linux/rename.ts";
import { passes } from "../../kit/passing.ts";
import { keyOf, readUploadKeys } from "../../kit/upload-keys.ts";
import { messageOf } from "../errors.ts";
import { syncFile } from "../file/transfer.ts";
import { printable, type StepLog } from "../tell/log.ts";

const FILE_MODE = 0o644;
/** Source: the checksum extension of tus. */
const CHECKSUM_MISMATCH = 460;
const FOR_NOW = "no more files are taken now, try again later";

/** Thrown at the tus server, which answers with it. */
interface Refusal {
  readonly status_code: number;
  readonly body: string;
}

/**
 * Serves tus 1.0 on a unix socket: uploads that can be interrupted and resumed. A complete one appears in its directory by
 * one rename, which overwrites nothing, before its client is told. What a killed service had complete is delivered first.
 */
export async function serveResumable(config: UploadsConfig, log: StepLog): Promise<HttpServer> {
  mkdirSync(config.store, { recursive: true, mode: 0o750 });
  const datastore = new FileStore({ directory: config.store });
  const tus = new Server({
    path: UPLOADS_PATH,
    datastore,
    relativeLocation: true,
    allowedOrigins: [],
    maxSize: config.maxBytes,
    onIncomingRequest: async (request) => authorise(config, request.headers.get("authorization") ?? ""),
    onUploadCreate: async (request, upload) => {
      accept(config, upload, request.headers.get("authorization") ?? "");
      return {};
    },
    onUploadFinish: async (_request, upload) => {
      await finish(config, upload, log);
      return {};
    },
    onResponseError: (_request, error) => (isForNow(error) ? refusal(507, FOR_NOW) : undefined),
  });
  await deliverComplete(config, datastore, log);
  rmSync(config.socket, { force: true });
  const server = createServer((request, response) => {
    // The library would also hand uploads out.
    if (request.method === "GET") response.writeHead(405).end("HTTP/405 ERROR: uploads cannot be read\n");
    else void tus.handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(config.socket, resolve));
  return server;
}

function refusal(status: number, message: string): Refusal {
  return { status_code: status, body: `HTTP/${status} ERROR: ${message}\n` };
}

function refuse(status: number, message: string): never {
  throw refusal(status, message);
}

/** The disk cannot take it now; the library hides which error a piece met. */
function isForNow(error: unknown): boolean {
  return error === ERRORS.FILE_WRITE_ERROR || passes(error);
}

/** Keys are read each time, so that giving and taking them holds at once. */
function authorise({ keys }: UploadsConfig, authorization: string): void {
  if (keys !== undefined && keyOf(authorization, readUploadKeys(keys)) === undefined) refuse(401, "a key is needed");
}

function accept(config: UploadsConfig, upload: Upload, authorization: string): void {
  const target = targetOf(config, upload);
  const key = config.keys === undefined ? undefined : keyOf(authorization, readUploadKeys(config.keys));
  if (key !== undefined && key.directories.length > 0 && !key.directories.includes(target.directory)) {
    refuse(403, `the key is not for ${target.directory}`);
  }
  if (existsSync(config.refusing)) refuse(507, FOR_NOW);
  if (existsSync(posix.join(target.path, target.name))) refuse(409, taken(target.name));
}

/** A client whose upload failed at its end must not be told later that it is complete: nothing of it stays. */
async function finish(config: UploadsConfig, upload: Upload, log: StepLog): Promise<void> {
  const source = posix.join(config.store, upload.id);
  try {
    const target = targetOf(config, upload);
    if (!(await isIntact(source, upload.metadata?.["digest"] ?? ""))) {
      refuse(CHECKSUM_MISMATCH, "the content does not match its digest");
    }
    chmodSync(source, FILE_MODE);
    await syncFile(source);
    if (!renameUnlessTaken(source, posix.join(target.path, target.name))) refuse(409, taken(target.name));
    log.info(`${printable(target.name)} arrived in ${printable(target.path)}`);
  } catch (error) {
    if (error instanceof Error) {
      log.error(`upload ${upload.id} could not be delivered: ${messageOf(error)}`);
      if (passes(error)) refuse(507, FOR_NOW);
      refuse(500, "the file could not be moved into its directory");
    }
    throw error;
  } finally {
    for (const path of [source, `${source}.json`]) rmSync(path, { force: true });
  }
}

function targetOf(config: UploadsConfig, upload: Upload): UploadTarget {
  const target = uploadTarget(config, upload.metadata ?? {}, upload.id);
  return typeof target === "string" ? refuse(400, target) : target;
}

function taken(name: string): string {
  return `${name} is there and has not been taken up yet`;
}

async function isIntact(path: string, claimed: string): Promise<boolean> {
  for (const { algorithm, digest } of readDigests(claimed)) {
    const hash = createHash(algorithm);
    for await (const piece of createReadStream(path)) hash.update(piece);
    const found = hash.digest();
    if (found.length !== digest.length || !timingSafeEqual(found, digest)) return false;
  }
  return true;
}

async function deliverComplete(config: UploadsConfig, store: FileStore, log: StepLog): Promise<void> {
  for (const name of readdirSync(config.store)) {
    if (name.endsWith(".json")) continue;
    try {
      const upload = await store.getUpload(name);
      if (upload.size !== undefined && upload.offset === upload.size) await finish(config, upload, log);
    } catch (error) {
      const said =
        typeof error === "object" && error !== null && "body" in error ? String(error.body) : messageOf(error);
      log.warning(`upload ${name} of an earlier run: ${said.trim()}`);
    }
  }
}

/** Reads `uploads.json`. */
export function readUploadsConfig(path: string): UploadsConfig {
  return JSON.parse(readFileSync(path, "utf8"));
}
