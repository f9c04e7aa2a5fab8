import { findProgram } from "../../src/kit/become.ts";

/** Interpreters the Python layer has to work with: the machine's own, and PyPy, which is Python 3.9 on Debian 12, as that of RHEL 9 is. */
export const PYTHONS = [
  { title: "Python", program: "python3" },
  { title: "PyPy", program: "pypy3" },
] as const;

/** Why a test of this program is skipped; false: it is there. */
export function missing(program: string): string | false {
  return findProgram(program, process.env["PATH"] ?? "") === undefined && `${program} is not installed`;
}
