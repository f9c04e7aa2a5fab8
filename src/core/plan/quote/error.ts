/** A value the target language has no way to write. Planning vets values first, so this reaching a user is a bug. */
export class UnquotableError extends Error {
  constructor(language: string, value: string) {
    super(`${language} cannot hold the value ${JSON.stringify(value)}`);
    this.name = "UnquotableError";
  }
}

/** Writes one value as one word, or one text, of a target language. */
export type Quote = (value: string | number) => string;
