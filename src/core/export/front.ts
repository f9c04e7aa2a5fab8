import { nginxWord } from "../plan/quote/nginx.ts";
import { renderer } from "../plan/render.ts";
import { type Exported, type ExportedFile, frontDirectory } from "./types.ts";

/** The configuration of a service's own nginx; `below`: where its directory stands for the root of a file system. */
export function frontFiles(
  service: Exported,
  templates: ReadonlyMap<string, string>,
  below = "",
): readonly ExportedFile[] {
  const { front, listen = "", name } = service;
  if (front === undefined) return [];
  const directory = frontDirectory(name);
  const root = front.root.replace(/\/*$/, "/");
  const text = renderer(templates, nginxWord)("export/nginx.hbs", {
    ...service,
    ...front,
    listen,
    root,
    file: front.file ?? "",
    script: `${root}${front.file ?? ""}`,
    asRoot: service.user === "root",
    fragment: front.fragment.trimEnd().replaceAll("\n", "\n      "),
  });
  const mime = templates.get("config/mime.types") ?? "";
  return [
    ["nginx.conf", text],
    ["mime.types", mime],
  ].map(([file = "", content = ""]) => ({
    name: below === "" ? file : `${below}${directory}/${file}`,
    text: content,
    executable: false,
    use: below === "" ? `${directory}/${file}` : "part of the image",
  }));
}
