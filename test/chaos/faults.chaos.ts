/** Faulty configurations of every kind, in turn, in a running appliance under load. */
import { KINDS, SLOW } from "./fault-kinds.ts";
import { inOneLine, runFaults } from "./faults.ts";

const full = process.env["CHAOS"] === "full";
const kinds = Object.keys(KINDS).filter((kind) => full || !SLOW.has(kind));
const total = full ? 200 : kinds.length;
const report = await runFaults(Array.from({ length: total }, (_, index) => kinds[index % kinds.length] ?? ""));
console.log(inOneLine(report));
for (const problem of report.problems) console.log(`  ${problem}`);
if (report.problems.length > 0 || report.failed > 0) process.exitCode = 1;
