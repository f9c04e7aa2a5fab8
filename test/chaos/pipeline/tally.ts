import type { Verdict } from "./oracle.ts";

const SHOWN = 20;

/** Verdicts added up, and their problems printed as they come. */
export class Tally {
  readonly #sum = { finals: 0, lost: 0, corrupt: 0, mistagged: 0, strangers: 0, inside: 0, problems: 0 };
  /** Executions that were not needed. */
  again = 0;

  add(verdict: Verdict, which: string): void {
    const sum = this.#sum;
    for (const key of ["finals", "lost", "corrupt", "mistagged", "strangers", "inside"] as const)
      sum[key] += verdict[key];
    for (const problem of verdict.problems.slice(0, Math.max(0, SHOWN - sum.problems)))
      console.log(`  ${which}: ${problem}`);
    sum.problems += verdict.problems.length;
    this.again += verdict.again;
  }

  get isBad(): boolean {
    return this.#sum.problems > 0;
  }

  line(files: number): string {
    const { finals, lost, corrupt, mistagged, strangers, inside } = this.#sum;
    return (
      `${files} files at ${finals} ends, ${lost} lost, ${corrupt} corrupt, ${mistagged} with wrong tags, ` +
      `${strangers} twice or elsewhere, ${inside} left inside`
    );
  }
}
