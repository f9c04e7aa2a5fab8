import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectSupervisor } from "../../src/system/supervise/client.ts";
import { testSupervisor } from "./supervisor.ts";

testSupervisor({
  name: "local",
  create: async () => {
    const home = mkdtempSync(join(tmpdir(), "metwork-sup-"));
    mkdirSync(join(home, "var"));
    return { home, supervisor: await connectSupervisor({ runtime: home }, { start: true }) };
  },
  remove: async ({ home, supervisor }) => {
    await supervisor.shutdown();
    rmSync(home, { recursive: true, force: true });
  },
});
