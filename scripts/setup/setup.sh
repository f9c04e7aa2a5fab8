#!/bin/sh
# Installs what this checkout needs and nothing twice: npm packages here, since any node and any sh will do for that,
# then the rest in main.ts with the project's own node. usage: setup.sh [--run] [--os-release FILE]
set -eu
cd "$(dirname "$0")/../.."

lock=package-lock.json
mark=node_modules/.installed-lock
log=build/setup.log
node=node_modules/.bin/node

refuse() {
  printf 'error[%s]: %s\n = help: %s\n' "$1" "$2" "$3" >&2
  exit 1
}

if [ ! -x "$node" ] || [ ! -f "$mark" ] || [ "$(cat "$lock")" != "$(cat "$mark")" ]; then
  if ! command -v npm >/dev/null 2>&1; then
    if command -v dnf >/dev/null 2>&1; then install='dnf install -y npm'; else install='apt-get install -y npm'; fi
    refuse MF8001 'npm is not on PATH' "as root: $install"
  fi
  mkdir -p build
  printf 'setup: npm packages ... ' >&2
  # Not `npm ci`: it refuses a lock without the optional packages of platforms a registry does not carry. --no-save keeps
  # the lock as it is. No package runs code of its own here (all binaries come prebuilt), and NODE_ENV=production
  # must not leave the tools out.
  if ! npm install --no-save --no-audit --no-fund --ignore-scripts --include=dev --include=optional --loglevel=error \
    >"$log" 2>&1 </dev/null; then
    printf 'failed\n' >&2
    cat "$log" >&2
    refuse MF8002 'npm install failed' "its output is above and in $log; run make setup again once the cause is gone"
  fi
  printf 'done\n' >&2
  # npm up to 10 removes this link together with the package of the other architecture, which has one of the same name.
  case $(uname -m) in aarch64 | arm64) arch=arm64 ;; *) arch=x64 ;; esac
  ln -sf "../node-linux-$arch/bin/node" "$node"
  "$node" --version >/dev/null 2>&1 || refuse MF8003 "there is no Node 26 for this machine ($(uname -s) $(uname -m))" \
    'use Linux with glibc on x86_64 or aarch64'
  cp "$lock" "$mark"
fi

exec "$node" --disable-warning=ExperimentalWarning scripts/setup/main.ts "$@"
