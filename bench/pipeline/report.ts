let missed = 0;

/** Prints a figure; with what was asked for, and whether it is reached. */
export function report(what: string, value: number, unit: string, asked?: { least: number } | { most: number }): void {
  const line = `${what.padEnd(62)} ${format(value).padStart(8)} ${unit}`;
  if (asked === undefined) {
    console.log(line);
    return;
  }
  const [word, bound, isMet] =
    "least" in asked ? ["at least", asked.least, value >= asked.least] : ["at most", asked.most, value <= asked.most];
  if (!isMet) missed += 1;
  console.log(`${line.padEnd(84)} ${word} ${format(bound)}: ${isMet ? "reached" : "MISSED"}`);
}

export function missedTargets(): number {
  return missed;
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(value < 10 ? 3 : 1);
}
