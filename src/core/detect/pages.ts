import type { Detected, Facts, Verdict } from "./types.ts";

/** `.git` and `.env` are nobody's business; `.well-known` is (RFC 8615). */
const NO_HIDDEN_FILES = "location ~ /\\.(?!well-known/) {\n  return 404;\n}\n";
/** What browsers ask for beside pages; scripts' sources and data are not among it. */
const ASSETS = "css|js|mjs|map|ico|svg|png|jpe?g|gif|webp|avif|woff2?|ttf|otf|mp4|webm|pdf|html?|txt";

/** PHP files, by php-fpm. */
export function detectPhp(facts: Facts): Verdict {
  const page = pageOf(facts, "index.php", /\.php$/);
  if (page === undefined) return undefined;
  return {
    kind: "php",
    web: {
      command: "php_wrapper {plugin_name} {app_name} {unix_socket_path} {timeout}",
      debugOptions: "",
      gateway: "fastcgi",
      stopSignal: 3,
      one: true,
      fragment: `${NO_HIDDEN_FILES}location ~* \\.(?:${ASSETS})$ {\n}\n`,
    },
    daemons: [],
    needs: ["php@mfext", "root@mfserv"],
    ...page.scope,
    restartOn: [],
    reasons: [page.reason, "PHP is run by php-fpm; nginx serves the other files beside it"],
  };
}

/** Files, by nginx itself. */
export function detectStatic(facts: Facts): Verdict {
  const page = pageOf(facts, "index.html", /\.html?$/);
  if (page === undefined) return undefined;
  return {
    kind: "static",
    web: {
      command: "",
      debugOptions: "",
      gateway: "proxy",
      stopSignal: 15,
      one: true,
      files: { url: "", directory: "" },
      fragment: NO_HIDDEN_FILES,
    },
    daemons: [],
    needs: ["root@mfserv"],
    ...page.scope,
    restartOn: [],
    reasons: [page.reason, "files are served by nginx itself, all but hidden ones"],
  };
}

function pageOf(
  facts: Facts,
  index: string,
  suffix: RegExp,
): { readonly reason: string; readonly scope: Pick<Detected, "only" | "renamed"> } | undefined {
  const { named } = facts;
  if (named === undefined) {
    return facts.entries.some(({ name }) => name === index) ? { reason: `${index} is there`, scope: {} } : undefined;
  }
  if (!suffix.test(named)) return undefined;
  return { reason: `${named} becomes ${index}`, scope: { only: [named], renamed: { from: named, to: index } } };
}
