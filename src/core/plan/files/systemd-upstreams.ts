import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { NODE_FLAGS, ownService } from "../service/own.ts";
import type { PlannedFile, ServiceSpec } from "../types.ts";

/** Which units serve which sockets: the content of `config_auto/upstreams.json`. */
export type SystemdUpstreams = readonly {
  /** As nginx calls it: `app.PLUGIN.APP`. */
  readonly name: string;
  readonly workers: readonly { readonly socket: string; readonly unit: string }[];
}[];

const FILE = "upstreams.json";

/** Who answers for the upstreams where there is no supervisor: systemd starts it when somebody asks, and it ends by itself. */
export function upstreamsService(input: PlanInput): ServiceSpec {
  const { paths, programs } = input;
  const listed = `${layoutOf(paths).configAuto}/${FILE}`;
  return {
    ...ownService("upstreams", input),
    argv: [programs.node, ...NODE_FLAGS, `${paths.root}/src/main/upstreams.ts`, listed],
  };
}

/** `unitOf`: the name of a service's unit, up to the number of the instance. */
export function upstreamsFile(
  services: readonly ServiceSpec[],
  unitOf: (spec: ServiceSpec) => string,
): [path: string, file: PlannedFile] {
  const upstreams: SystemdUpstreams = services.flatMap((spec) => {
    const { id, socket, instances } = spec;
    if (socket === undefined) return [];
    const workers = Array.from({ length: instances }, (_, index) => ({
      socket: socket.path.replaceAll("{instance}", String(index + 1)),
      unit: `${unitOf(spec)}${index + 1}.service`,
    }));
    return [{ name: id, workers }];
  });
  return [FILE, { text: `${JSON.stringify(upstreams, null, 1)}\n`, mode: 0o640 }];
}
