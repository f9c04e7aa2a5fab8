import { startOverWithoutStripper } from "../kit/warm-start.ts";
import { runDaemon } from "../system/supervise/daemon.ts";

/** `node supervisor.ts RUNTIME_HOME [--restore]`: the supervisor daemon of one runtime home. */
startOverWithoutStripper();
const [runtime = ".", ...options] = process.argv.slice(2);
process.exit(await runDaemon(runtime, { restore: options.includes("--restore") }));
