import type { Command } from "./command.ts";
import { completionCommands } from "./commands/completion.ts";
import { configCommands } from "./commands/config.ts";
import { cronCommands } from "./commands/cron.ts";
import { doctorCommands } from "./commands/doctor.ts";
import { exportCommands } from "./commands/export.ts";
import { fileCommands } from "./commands/files.ts";
import { formerCommands } from "./commands/former.ts";
import { lifecycleCommands } from "./commands/lifecycle.ts";
import { pluginCommands } from "./commands/plugins.ts";
import { routeCommands } from "./commands/route.ts";
import { serveCommands } from "./commands/serve.ts";
import { stepCommands } from "./commands/steps.ts";
import { storyCommands } from "./commands/story.ts";
import { uploadCommands } from "./commands/uploads.ts";

/** Every command of the program, by area. Loading this loads no implementation. */
export const commands: readonly Command[] = [
  ...configCommands,
  ...cronCommands,
  ...doctorCommands,
  ...exportCommands,
  ...fileCommands,
  ...formerCommands,
  ...lifecycleCommands,
  ...pluginCommands,
  ...routeCommands,
  ...storyCommands,
  ...stepCommands,
  ...serveCommands,
  ...uploadCommands,
  ...completionCommands(() => commands),
];
