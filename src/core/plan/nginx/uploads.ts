import { posix } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { flagOf, listOf, numberOf, optionalNumberOf, textOf } from "../../config/access.ts";
import type { ModuleConfig } from "../../config/types.ts";
import { UPLOAD_NAME, UPLOADS_PATH, type UploadsConfig } from "../../flow/uploads.ts";
import type { Admitted } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { assemble, type Piece, piece } from "../piece.ts";
import { nginxWord } from "../quote/nginx.ts";
import { renderer } from "../render.ts";
import { NODE_FLAGS, ownService } from "../service/own.ts";
import { flowOf } from "../service/pipeline.ts";
import { luaFiles, luaView } from "./lua.ts";
import { nginxPiece } from "./service.ts";
import { commonView, mimeTypes } from "./web.ts";

const MEGABYTE = 1024 * 1024;

/** A directory files can be uploaded to, by its name in URLs. */
interface Target {
  readonly name: string;
  readonly directory: string;
}

/** The upload server of mfdata: complete files are renamed into watched directories. */
export function planUploads(input: PlanInput, admitted: Admitted): Piece {
  const { config } = input;
  if (!flagOf(config, "nginx.flag")) return piece({});
  const layout = layoutOf(input.paths);
  const lua = luaView(input, [], 0);
  const secret = flagOf(config, "nginx.upload_authentication");
  if (secret && lua === undefined) return piece({ notes: [cannotAuthenticate()] });
  const { targets, notes } = uploadTargets(input, admitted);
  const first = listOf(config, "internal_plugins.watched_directories", ",")[0];
  const port = optionalNumberOf(config, "nginx.port") ?? 0;
  const common = { ...commonView(input, layout), bodyDirectory: bodyDirectory(config) };
  const view = {
    ...common,
    servers: [...(port > 0 ? [String(port)] : []), common.controlSocket].map((listen) => ({ listen })),
    dataIn: textOf(config, "data_in.dir"),
    targets: targets.map((target) => ({ ...target, pattern: filePattern(target.name) })),
    first: targets.some((target) => target.name === first) ? first : undefined,
    keys: secret ? layout.uploadKeys : "",
    refusing: layout.refusing,
    resumable: flagOf(config, "nginx.upload_resumable") && { socket: layout.uploadsSocket, path: `${UPLOADS_PATH}/` },
    lua: lua === undefined ? undefined : { ...lua, upload: `${layout.configAuto}/lua/upload.lua` },
  };
  const text = renderer(input.templates, nginxWord)("mfdata/nginx.conf.hbs", view);
  const nginx = nginxPiece(input, {
    files: [
      ["nginx.conf", { text, mode: 0o600, check: "nginx" }],
      ["mime.types", { text: mimeTypes(input), mode: 0o640 }],
      ...(lua === undefined ? [] : luaFiles(input, [], ["upload.lua"])),
    ],
    directories: [{ path: common.bodyDirectory, mode: 0o700 }],
    notes: lua === undefined ? [...notes, onlyPut()] : notes,
  });
  if (!view.resumable) return nginx;
  const own = resumableUploads(input, {
    socket: layout.uploadsSocket,
    store: posix.join(view.dataIn, "tmp", "uploads"),
    targets: Object.fromEntries(targets.map(({ name, directory }) => [name, directory])),
    first: view.first,
    keys: secret ? layout.uploadKeys : undefined,
    refusing: layout.refusing,
    maxBytes: numberOf(config, "nginx.upload_max_body_size") * MEGABYTE,
  });
  return assemble([nginx, own]);
}

/** Unless it was set, below the data directory wherever that is: a rename must lead from the one to the other. */
function bodyDirectory(config: ModuleConfig): string {
  const origin = config.values.get("nginx.clientbody_temp_path")?.origin;
  const isSet = origin === "user" || origin === "site";
  return isSet ? textOf(config, "nginx.clientbody_temp_path") : `${textOf(config, "data_in.dir")}/tmp/nginx`;
}

/** The service that takes uploads in parts. */
function resumableUploads(input: PlanInput, uploads: UploadsConfig): Piece {
  const { paths, programs } = input;
  const own = ownService("uploads", input);
  const { configAuto } = layoutOf(paths);
  return piece({
    services: [
      {
        ...own,
        argv: [
          programs.node,
          ...NODE_FLAGS,
          `${paths.root}/src/main/uploads.ts`,
          `${configAuto}/uploads.json`,
        ] as const,
        ready: { when: "socket", path: uploads.socket, timeoutMs: 20_000 } as const,
        reads: ["uploads.json"],
      },
    ],
    files: [["uploads.json", { text: `${JSON.stringify(uploads, null, 1)}\n`, mode: 0o640 }]],
  });
}

/**
 * Watched directories below the data directory: those of outsiders, or the ones `upload_directories` lists, which may
 * be a step's. What nothing watches is no place for uploads: tmp and trash never are.
 */
function uploadTargets(input: PlanInput, admitted: Admitted): { targets: readonly Target[]; notes: Diagnostic[] } {
  const flow = flowOf(input, admitted);
  if (!flow.ok) return { targets: [], notes: [] };
  const { dataIn, watched } = flow.value;
  const known = watched
    .filter(({ directory }) => posix.dirname(directory) === dataIn)
    .map(({ directory, external }) => ({ name: posix.basename(directory), directory, external }))
    .filter(({ name }) => UPLOAD_NAME.test(name));
  const listed = listOf(input.config, "nginx.upload_directories", ",");
  if (listed.length === 0) return { targets: known.filter(({ external }) => external), notes: [] };
  const unknown = listed.filter((name) => !known.some((target) => target.name === name));
  return { targets: known.filter(({ name }) => listed.includes(name)), notes: unknown.map(notWatched) };
}

function notWatched(name: string): Diagnostic {
  return {
    code: "MF4023",
    severity: "warning",
    message: `[nginx] upload_directories lists \`${name}\`, which no step watches: nothing can be uploaded there`,
    fix: "list directories directly below [data_in] dir that are watched, or leave it empty",
  };
}

function cannotAuthenticate(): Diagnostic {
  return {
    code: "MF4024",
    severity: "error",
    message: "[nginx] upload_authentication is on, but nginx has no Lua module to ask for keys with",
    fix: "install nginx's Lua module, or set upload_authentication = 0",
  };
}

/** A file directly in a directory, as nginx's DAV module would else take any path below it. */
function filePattern(name: string): string {
  return `"^/${name.replaceAll(".", "\\.")}/[A-Za-z0-9,;:_.-]+$"`;
}

function onlyPut(): Diagnostic {
  return {
    code: "MF4022",
    severity: "warning",
    message: "nginx has no Lua module: uploads work with PUT /<directory>/<name> only",
    fix: "install nginx's Lua module",
  };
}
