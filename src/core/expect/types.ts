/** `[expect_NAME]` of a plugin: files that should arrive at certain times. */
export interface Expectation {
  readonly plugin: string;
  readonly name: string;
  /** A shell pattern for the first name; `%Y %m %d %H %M %j %y` in it stand for the time they are due, UTC. */
  readonly match: string;
  /** Last component of the directory they come in by; empty: any. */
  readonly directory: string;
  /** A cron expression, UTC. */
  readonly schedule: string;
  readonly count: number;
  readonly graceS: number;
  /** Run when something is missing and when it came after all; empty: nothing is. */
  readonly command: readonly string[];
  readonly home: string;
}

/** A moment at which files are due, and what came for it. Times are milliseconds since the epoch. */
export interface Due {
  readonly at: number;
  /** Of the files that came, at most as many as are wanted. */
  readonly uids: string[];
  /** Since when somebody was told that it is missing. */
  raisedAt?: number;
}

/** What is remembered of an expectation over restarts. */
export interface Watched {
  readonly schedule: string;
  /** Not judged yet, or raised and not come since; oldest first. */
  readonly due: Due[];
  /** The last moment that was put into `due`. */
  lastAt: number;
}

/** The content of `var/expect.json`, by `plugin/name`. */
export interface ExpectState {
  readonly watched: Readonly<Record<string, Watched>>;
}

/** Something to tell. */
export interface ExpectEvent {
  readonly plugin: string;
  readonly name: string;
  /** `missing`: nothing came in time; `incomplete`: not all; `arrived`: it came after all. */
  readonly state: "missing" | "incomplete" | "arrived";
  /** When it was due. */
  readonly at: number;
  readonly got: number;
  readonly wanted: number;
  readonly match: string;
}

/** A file that came from outside. */
export interface Arrived {
  readonly uid: string;
  readonly name: string;
  readonly directory: string;
  readonly at: number;
}
