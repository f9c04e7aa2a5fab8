import { runtimeLayout } from "../../../core/module/paths.ts";
import { MAX_SOCKET_PATH_BYTES } from "../../../kit/sock.ts";
import type { ModuleCheck } from "../types.ts";
import { fromDiagnostic } from "./findings.ts";

export const socketPaths: ModuleCheck = {
  id: "sockets",
  title: "socket paths are short enough",
  run: ({ paths, plan, notes }) => {
    const layout = runtimeLayout(paths.runtime);
    const own = [
      layout.supervisorSocket,
      layout.nginxSocket,
      ...(paths.module === "mfdata" ? [layout.redisSocket, layout.flowSocket, layout.uploadsSocket] : []),
    ];
    const apps = Object.values(plan.ok ? plan.value.services : {}).flatMap(({ socket, instances }) =>
      socket === undefined ? [] : [socket.path.replace("{instance}", String(instances))],
    );
    const long = [...own, ...apps].filter((path) => Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES);
    return [
      ...long.map((path) => ({
        state: "ERROR" as const,
        place: path,
        message: `${Buffer.byteLength(path)} bytes; the system allows ${MAX_SOCKET_PATH_BYTES} for a socket`,
        fix: `use a runtime home shorter by ${Buffer.byteLength(path) - MAX_SOCKET_PATH_BYTES} characters (METWORK_RUNTIME_ROOT), now ${paths.runtime}`,
      })),
      // A plugin whose socket is too long was left out of the plan.
      ...notes.filter(({ code }) => code === "MF4001").map(fromDiagnostic),
    ];
  },
};
