/** `make demo`: starts the appliance, gives it plugins and files, hurts it, and shows what happens. `--stop` ends it. */
import { demoHome, ports, type } from "./demo/appliance.ts";
import { changeAPlugin, swapAPlugin } from "./demo/change.ts";
import { processFiles } from "./demo/files.ts";
import { killThings } from "./demo/kill.ts";
import { createArchivePlugin, createWebPlugins, startAppliance } from "./demo/plugins.ts";

try {
  if (process.argv.includes("--stop")) await type(["metwork", "stop"]);
  else await demonstrate();
} catch (error) {
  console.error(`\nThe demonstration failed: ${error instanceof Error ? error.message : error}`);
  console.error("  `make stop` ends what is running");
  process.exitCode = 1;
}

async function demonstrate(): Promise<void> {
  const begun = performance.now();
  title("The appliance starts");
  await startAppliance();
  title("Three web plugins, from templates");
  await createWebPlugins();
  title("A plugin that archives PNG images");
  await createArchivePlugin();
  title("Files of four types arrive");
  await processFiles();
  title("A plugin's configuration changes");
  await changeAPlugin();
  title("Another version of a plugin is swapped in while it is asked");
  await swapAPlugin();
  title("A web worker and Redis are killed with -9");
  await killThings();
  title(`All of it took ${((performance.now() - begun) / 1000).toFixed(1)} s. It is running; look around`);
  const web = `http://127.0.0.1:${ports.mfserv}`;
  console.log(`  web plugins       ${web}/hello_static/  ${web}/hello_node  ${web}/hello_flask/
  drop files into   ${demoHome}/mfdata/var/in/incoming
  or upload them    curl -T FILE http://127.0.0.1:${ports.mfdata}/incoming/
  archive           ${demoHome}/mfdata/var/archive
  generated files   ${demoHome}/{mfserv,mfdata}/tmp/config_auto/
  logs              ${demoHome}/{mfserv,mfdata}/log/
  state             make status
  stop it           make stop`);
}

function title(text: string): void {
  console.log(`\n${text}`);
}
