/** Kills workers under load: no request that may be repeated may fail, nor any of a neighbour. */
import { sayFigures } from "../support/installs.ts";
import { failedOf } from "../support/load.ts";
import { killWorkers } from "./killed-workers.ts";

const { kills, victim, neighbour } = await killWorkers(process.env["CHAOS"] === "full" ? 60 : 5);
console.log(`2 workers, one killed every second, ${kills} times: ${sayFigures(victim)}`);
console.log(`their neighbour: ${sayFigures(neighbour)}`);
if (failedOf(victim) + failedOf(neighbour) > 0) process.exitCode = 1;
