/** What is true of this machine and matters to a plan. Gathered once, by `system/host`. */
export interface Host {
  /** `MFHOSTNAME`, without domain. */
  readonly name: string;
  /** `MFHOSTNAME_FULL`. */
  readonly fullName: string;
  readonly domain: string;
  readonly ip: string;
  readonly processors: number;
  /** Unique cores, not threads. */
  readonly cores: number;
  readonly memoryKiB: number;
  readonly user: string;
  /** Home directory of that user. */
  readonly userHome: string;
  readonly uid: number;
}

/** Libraries of Lua code in nginx. */
export interface LuaLibraries {
  /** Directories of libraries in Lua, and of those that are compiled. */
  readonly path: readonly string[];
  readonly cpath: readonly string[];
  /** Files by the name they are required by where the distribution calls them otherwise: `resty.cookie`. */
  readonly named: Readonly<Record<string, string>>;
}

/** Absolute paths of the programs a plan may start; absent where the machine has none. */
export interface Programs {
  readonly node: string;
  readonly nginx?: string;
  /** `major.minor.patch`; absent: not known, and taken for a current one. */
  readonly nginxVersion?: string;
  /** nginx's dynamic modules to load, in order (ndk before lua). Empty: built without Lua. */
  readonly nginxModules: readonly string[];
  /** Where nginx's Lua finds libraries besides the usual places. */
  readonly lua?: LuaLibraries;
  /** redis-server or valkey-server. */
  readonly redis?: string;
  readonly python3?: string;
  /** `major.minor` of python3. */
  readonly python3Version?: string;
  readonly telegraf?: string;
  readonly logrotate?: string;
  /** Judges units. */
  readonly systemdAnalyze?: string;
  readonly vsftpd?: string;
  readonly sshd?: string;
  /** bwrap: runs a program that sees only what it is given. */
  readonly bubblewrap?: string;
}
