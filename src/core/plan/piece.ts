import type { Diagnostic } from "../base/diagnostic.ts";
import type { Owners, PlannedDirectory, PlannedFile, ServiceSpec } from "./types.ts";

/** What one concern adds to a plan. */
export interface Piece {
  readonly services: readonly ServiceSpec[];
  readonly files: readonly (readonly [path: string, file: PlannedFile])[];
  readonly directories: readonly PlannedDirectory[];
  readonly notes: readonly Diagnostic[];
  readonly owners?: Owners;
}

/** A piece from the parts it has. */
export function piece(parts: Partial<Piece>): Piece {
  return { services: [], files: [], directories: [], notes: [], ...parts };
}

/** All pieces as one. */
export function assemble(pieces: readonly Piece[]): Piece {
  const owners = pieces.find((one) => one.owners !== undefined)?.owners;
  return {
    services: pieces.flatMap((one) => one.services),
    files: pieces.flatMap((one) => one.files),
    directories: pieces.flatMap((one) => one.directories),
    notes: pieces.flatMap((one) => one.notes),
    ...(owners === undefined ? {} : { owners }),
  };
}
