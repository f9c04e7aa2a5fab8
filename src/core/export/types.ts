/** Init systems a service can be written for. */
export const INIT_SYSTEMS = ["systemd", "rc.d", "sysv", "upstart", "supervisor", "container"] as const;
export type InitSystem = (typeof INIT_SYSTEMS)[number];

/** One process to keep alive, by an init system and without metwork. */
export interface Exported {
  /** Letters, digits, `_` and `-`. */
  readonly name: string;
  readonly description: string;
  /** The program is an absolute path. */
  readonly argv: readonly [string, ...string[]];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** `HOST:PORT` or an absolute path; absent: it serves nothing. */
  readonly listen?: string;
  /** It serves the socket inherited as descriptor 3; else it listens by itself. */
  readonly inherits: boolean;
  readonly user: string;
  readonly stopSignal: "TERM" | "INT" | "QUIT" | "HUP";
  /** Seconds to end after that signal. */
  readonly graceS: number;
  /** Set for what an nginx of its own serves, which finds its configuration in `frontDirectory`. */
  readonly front?: WebFront;
}

/** What a web server has to be told about files, or PHP, at one address. */
export interface WebFront {
  readonly php: boolean;
  /** Directory of the files, absolute. */
  readonly root: string;
  /** The only file of it that is served, whatever is asked. */
  readonly file?: string;
  /** `/`, or `/static/`: the address of that directory. */
  readonly location: string;
  /** In the language of nginx, for that location. */
  readonly fragment: string;
}

/** Where the configuration of a service's own nginx belongs. */
export function frontDirectory(name: string): string {
  return `/etc/${name}`;
}

/** A file to write, by its name. */
export interface ExportedFile {
  readonly name: string;
  readonly text: string;
  readonly executable: boolean;
  /** Where it belongs on the machine, and what then makes it run; for a person. */
  readonly use: string;
}
