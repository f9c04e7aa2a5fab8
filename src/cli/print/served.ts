import type { Figures, Served } from "../../system/apply/served.ts";

/** In words, what nginx answered during a change: to the clients of one plugin when it is named, and to all. */
export function servedLine({ all, plugins }: Served, plugin?: string): string {
  const own = plugin === undefined ? undefined : (plugins[plugin] ?? { requests: 0, failed: 0 });
  const parts =
    own === undefined ? [`${inWords(all)} in all`] : [`${inWords(own)} of ${plugin}`, `${inWords(all)} in all`];
  return `served meanwhile: ${parts.join("; ")}`;
}

function inWords({ requests, failed, p99Ms }: Figures): string {
  return `${requests} requests, ${failed} failed${p99Ms === undefined ? "" : `, p99 ${p99Ms} ms`}`;
}
