/** Everything the collector of metrics is told: the content of `config_auto/collector.json`. */
export interface CollectorConfig {
  readonly module: string;
  /** Of the installation. */
  readonly version: string;
  readonly plugins: readonly { readonly name: string; readonly version: string; readonly release: string }[];
  /** UDP port on this machine for statsd; 0: none. */
  readonly statsdPort: number;
  /** Unix stream socket that takes line protocol. */
  readonly telegrafSocket: string;
  readonly statusFile: string;
  /** Of nginx; absent: requests are not counted. */
  readonly accessLog?: string;
  /** `$IN` of mfdata, whose waiting files are counted. */
  readonly dataIn?: string;
}
