import { join } from "node:path";
import { http, until } from "../../scripts/support/client.ts";
import { type Appliance, general, makeAppliance } from "./appliance.ts";
import { type Figures, type Load, startLoad } from "./load.ts";

/** Templates the guests are made of, each with the address that shows it serves. */
const GUESTS = [
  { template: "static", path: "/" },
  { template: "node", path: "" },
  { template: "python3_flask", path: "/" },
] as const;

/** An mfserv with two plugins that are asked all the time, and the sources of others. */
export interface House extends AsyncDisposable {
  readonly appliance: Appliance;
  /** Starts asking the two plugins, on 20 kept connections and 4 that are made anew for every request. */
  load(): Load;
  /** Installs the guest with this number, sees that it serves, uninstalls it, sees that it is gone. */
  visit(number: number): Promise<void>;
}

/** Starts it. */
export async function openHouse(): Promise<House> {
  const appliance = await makeAppliance();
  const url = (path: string): string => `http://127.0.0.1:${appliance.ports.mfserv}${path}`;
  const make = (template: string, name: string): Promise<string> =>
    appliance.ok("mfserv_wrapper", "bootstrap_plugin.py", "create", "--no-input", `--template=${template}`, name);
  const answers = (path: string, status: number) =>
    until(`${path} answers ${status}`, async () => ((await http(url(path))).status === status ? true : undefined));
  appliance.plugin("mfserv", "host_static", {
    "config.ini": `${general}[app_main]\n_static_url_prefix =\n_static_directory =\n`,
    "main/index.html": "Hello World from host_static!\n",
  });
  appliance.plugin("mfserv", "host_node", {
    "config.ini": `${general}[app_main]\n_cmd_and_args = node {plugin_dir}/server.js\nnumprocesses = 2\n`,
    "server.js":
      'require("node:http").createServer((_, reply) => reply.end("Hello World from host_node!")).listen({ fd: 3 });',
  });
  await Promise.all([
    appliance.ok("metwork", "start", "mfserv"),
    ...GUESTS.map(({ template }) => make(template, `guest_${template}`)),
  ]);
  const paths = ["/host_static/", "/host_node"];
  for (const path of paths) await answers(path, 200);
  return {
    appliance,
    load: () => startLoad({ port: appliance.ports.mfserv, paths, keepAlive: 20, fresh: 4, restMs: 10 }),
    async visit(number) {
      const { template, path } = GUESTS[number % GUESTS.length] ?? GUESTS[0];
      const name = `guest_${template}`;
      await appliance.ok("mfserv_wrapper", "plugins.install", join(appliance.home, name));
      await answers(`/${name}${path}`, 200);
      await appliance.ok("mfserv_wrapper", "plugins.uninstall", name);
      await answers(`/${name}${path}`, 404);
    },
    [Symbol.asyncDispose]: () => appliance[Symbol.asyncDispose](),
  };
}

/** One line of what a load has seen. */
export function sayFigures(figures: Readonly<Figures>): string {
  const { requests, ok, serverErrors, otherStatus, refused, broken, stale, slowestMs } = figures;
  const wrong = `${serverErrors} of 500 and above, ${otherStatus} of another status, ${refused} refused, ${broken} broken`;
  return `${requests} requests, ${requests - ok} failed (${wrong}), ${stale} repeated, slowest ${Math.round(slowestMs)} ms`;
}
