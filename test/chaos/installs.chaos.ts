/** Installs and uninstalls plugins while two others are asked all the time; not one of those requests may fail. */
import { openHouse, sayFigures } from "../support/installs.ts";
import { failedOf } from "../support/load.ts";

const visits = process.env["CHAOS"] === "full" ? 100 : 4;

await using house = await openHouse();
const load = house.load();
const begun = performance.now();
for (let number = 0; number < visits; number++) await house.visit(number);
const eachMs = Math.round((performance.now() - begun) / visits / 2);
const figures = await load.stop();
console.log(`${visits} installs and ${visits} uninstalls, ${eachMs} ms each: ${sayFigures(figures)}`);
if (failedOf(figures) > 0 || figures.stale > 0) process.exitCode = 1;
