import { flagOf, numberOf } from "../../config/access.ts";
import type { Admitted } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { type Piece, piece } from "../piece.ts";
import { cronWord, logrotateWord } from "../quote/texts.ts";
import { renderer } from "../render.ts";

interface Block {
  readonly name: string;
  readonly lines: readonly string[];
}

/** What happens at certain times: the crontab's blocks, and the rotation of the one log that its program writes itself. */
export function planSchedule(input: PlanInput, admitted: Admitted): Piece {
  const wanted = flagOf(input.config, "crontab.flag") ? [moduleBlock(input), ...pluginBlocks(input, admitted)] : [];
  const blocks = wanted.filter((block) => block.lines.length > 0);
  const crontab = renderer(input.templates, cronWord)("crontab.hbs", { blocks });
  return piece({
    files: [
      ["crontab", { text: crontab, mode: 0o640 }],
      ...(writesAccessLog(input) ? [["logrotate.conf", { text: logrotate(input), mode: 0o640 }] as const] : []),
    ],
  });
}

function moduleBlock(input: PlanInput): Block {
  return {
    name: `METWORK ${input.paths.module.toUpperCase()} MODULE CRONTAB`,
    lines: [...healing(input), ...cleaning(input), ...rotation(input)].map(
      ([when, argv]) => `${when} ${argv.map(cronWord).join(" ")}`,
    ),
  };
}

/** For the case that even the supervisor died. */
function healing({ paths }: PlanInput): [when: string, argv: readonly string[]][] {
  const bin = `${paths.home}/bin`;
  const wrap = ["--lock", "--timeout=900", "--log-capture-to=autorestart.log", "--"];
  return [["*/5 * * * *", [`${bin}/cronwrap.sh`, ...wrap, `${bin}/${paths.module}.autorestart`]]];
}

/** Old files of `tmp`, then directories left empty; never those a service keeps: the plugins' own and nginx's. */
function cleaning(input: PlanInput): [when: string, argv: readonly string[]][] {
  const days = numberOf(input.config, "misc.tmp_max_age");
  if (days <= 0) return [];
  const { tmp } = layoutOf(input.paths);
  const old = ["-mtime", `+${days}`, "-not", "-path", `${tmp}/config_auto*`];
  return [
    ["0 2 * * *", ["find", tmp, "-type", "f", ...old, "-not", "-name", "*lock", "-delete"]],
    [
      "30 2 * * *",
      ["find", tmp, "-mindepth", "2", "-type", "d", ...old, "-not", "-path", `${tmp}/nginx/*`, "-empty", "-delete"],
    ],
  ];
}

function rotation(input: PlanInput): [when: string, argv: readonly string[]][] {
  const { logrotate: program } = input.programs;
  if (program === undefined || !writesAccessLog(input)) return [];
  const layout = layoutOf(input.paths);
  const argv = [program, "--state", `${layout.var}/logrotate.state`, `${layout.configAuto}/logrotate.conf`];
  return [["*/10 * * * *", argv]];
}

/** Their lines come rendered from the plugin; a line that looks like a marker would end the block too early. */
function pluginBlocks(input: PlanInput, { plugins }: Admitted): Block[] {
  const module = input.paths.module.toUpperCase();
  return plugins.map((plugin) => ({
    name: `METWORK ${module} PLUGIN ${plugin.name} CRONTAB`,
    lines: plugin.crontab.filter(
      (line) => !/\p{Cc}/u.test(line.replaceAll("\t", " ")) && !line.trimStart().startsWith("#"),
    ),
  }));
}

function writesAccessLog(input: PlanInput): boolean {
  return flagOf(input.config, "nginx.flag") && flagOf(input.config, "nginx.logging");
}

/** nginx opens its access log itself and cannot hand it to the supervisor: a pipe of Node's is a socket, which has no path. */
function logrotate(input: PlanInput): string {
  const { config } = input;
  const layout = layoutOf(input.paths);
  const own = config.values.has("nginx.max_size_before_rotation")
    ? numberOf(config, "nginx.max_size_before_rotation")
    : 0;
  return renderer(input.templates, logrotateWord)("logrotate.conf.hbs", {
    log: `${layout.log}/nginx_access.log`,
    frequency: numberOf(config, "log.max_age_before_rotation") < 86_400 ? "hourly" : "daily",
    size: own > 0 ? own : numberOf(config, "log.max_size_before_rotation"),
    kept: Math.max(1, numberOf(config, "log.number_of_rotated_files") - 1),
    pid: layout.nginxPid,
  });
}
