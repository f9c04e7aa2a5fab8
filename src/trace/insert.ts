import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Rows of one statement: to run one costs as much as what it writes. */
const TOGETHER = 16;

/** Inserts rows into a table, many a statement. Throws what SQLite says. */
export class Insert {
  readonly #width: number;
  readonly #one: StatementSync;
  readonly #many: StatementSync;

  /** `width`: columns of the table. */
  constructor(db: DatabaseSync, table: string, width: number) {
    this.#width = width;
    const row = `(${Array(width).fill("?").join(", ")})`;
    this.#one = db.prepare(`INSERT INTO ${table} VALUES ${row}`);
    this.#many = db.prepare(`INSERT INTO ${table} VALUES ${Array(TOGETHER).fill(row).join(", ")}`);
  }

  /** `values`: those of all columns of the first row, then of the next. */
  rows(values: readonly SQLInputValue[]): void {
    const whole = TOGETHER * this.#width;
    let at = 0;
    for (; at + whole <= values.length; at += whole) this.#many.run(...values.slice(at, at + whole));
    for (; at < values.length; at += this.#width) this.#one.run(...values.slice(at, at + this.#width));
  }
}
