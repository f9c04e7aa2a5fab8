import { posix } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { flagOf, listOf, optionalNumberOf, textOf } from "../../config/access.ts";
import type { Admitted } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { type Piece, piece } from "../piece.ts";
import { nginxWord } from "../quote/nginx.ts";
import { renderer } from "../render.ts";
import { flowOf } from "../service/pipeline.ts";
import { luaFiles, luaView } from "./lua.ts";
import { nginxPiece } from "./service.ts";
import { commonView, mimeTypes } from "./web.ts";

/** Kept by the pipeline for itself. */
const INTERNAL = /^(?:step\..*|tmp|trash)$/;
const NAME = /^[A-Za-z0-9,;:_.-]+$/;

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
  const targets = uploadTargets(input, admitted);
  const first = listOf(config, "internal_plugins.watched_directories", ",")[0];
  const port = optionalNumberOf(config, "nginx.port") ?? 0;
  const common = commonView(input, layout);
  const view = {
    ...common,
    servers: [...(port > 0 ? [String(port)] : []), common.controlSocket].map((listen) => ({ listen })),
    dataIn: textOf(config, "data_in.dir"),
    targets: targets.map((target) => ({ ...target, pattern: filePattern(target.name) })),
    first: targets.some((target) => target.name === first) ? first : undefined,
    lua: lua === undefined ? undefined : { ...lua, upload: `${layout.configAuto}/lua/upload.lua` },
  };
  const text = renderer(input.templates, nginxWord)("mfdata/nginx.conf.hbs", view);
  return nginxPiece(input, {
    files: [
      ["nginx.conf", { text, mode: 0o600, check: "nginx" }],
      ["mime.types", { text: mimeTypes(input), mode: 0o640 }],
      ...(lua === undefined ? [] : luaFiles(input, [], ["upload.lua"])),
    ],
    directories: [{ path: common.bodyDirectory, mode: 0o700 }],
    notes: lua === undefined ? [onlyPut()] : [],
  });
}

/** Watched directories an outsider may write in, directly below the data directory; never the pipeline's own. */
function uploadTargets(input: PlanInput, admitted: Admitted): readonly Target[] {
  const flow = flowOf(input, admitted);
  if (!flow.ok) return [];
  const { dataIn, watched } = flow.value;
  return watched
    .filter(({ directory, external }) => external && posix.dirname(directory) === dataIn)
    .map(({ directory }) => ({ name: posix.basename(directory), directory }))
    .filter(({ name }) => NAME.test(name) && !INTERNAL.test(name));
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
