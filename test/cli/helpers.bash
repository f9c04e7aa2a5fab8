# shellcheck shell=bash
# What the command line tests share: load it with `load helpers`.

repo=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
export repo
PATH="$repo/bin:$repo/node_modules/.bin:$PATH"

# Gives the test an appliance of its own, not started: $home, $mfserv_port, $mfdata_port. Undone by remove_appliance.
private_appliance() {
  home=$(mktemp -d "${TMPDIR:-/tmp}/mw-XXXXXX")
  export home METWORK_RUNTIME_ROOT=$home METWORK_ETC=$home/etc NOINTERACTIVE=1
  if [ "$(id -u)" = 0 ]; then export METWORK_ALLOW_USAGE_BY_ROOT=1; fi
  read -r mfserv_port mfdata_port < <(free_ports 2)
  site_config mfserv "[nginx]" "port = $mfserv_port" "workers = 1"
  site_config mfdata "[nginx]" "port = $mfdata_port" "workers = 1"
}

# Stops what runs in the appliance and removes it. Safe to call twice.
remove_appliance() {
  [ -n "${home:-}" ] || return 0
  metwork stop >/dev/null 2>&1 || :
  rm -rf "$home"
  home=
}

# site_config MODULE LINE...: adds lines to a module's configuration in the private /etc.
site_config() {
  local file=$home/etc/metwork.config.d/$1/config.ini
  mkdir -p "${file%/*}"
  shift
  printf '%s\n' "$@" >>"$file"
}

# free_ports N: prints N ports nobody listens on, held together so that they differ.
free_ports() {
  node -e '
    const net = require("node:net");
    const servers = Array.from({ length: Number(process.argv[1]) }, () => net.createServer().listen(0, "127.0.0.1"));
    Promise.all(servers.map((server) => new Promise((done) => server.once("listening", done)))).then(() => {
      console.log(servers.map((server) => server.address().port).join(" "));
      for (const server of servers) server.close();
    });' "$1"
}

# until_true SECONDS COMMAND...: tries it until it succeeds; fails after the deadline.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
    sleep 0.1
  done
}

# A PATH of its own for a test: $fakes holds the few programs setup needs, and the test adds what it wants to be there.
private_path() {
  fakes=$BATS_TEST_TMPDIR/fakes
  record=$BATS_TEST_TMPDIR/record
  export fakes record
  mkdir -p "$fakes"
  local program
  for program in sh cat cp dirname env ln ls mkdir rm chmod tr uname; do
    ln -s "$(command -v "$program")" "$fakes/$program"
  done
  : >"$record"
}

# fake PROGRAM: puts a program into the private PATH that notes its command line, then runs the script on stdin.
fake() {
  { printf '#!/bin/sh\nprintf "%%s\\n" "%s $*" >>"%s"\n' "$1" "$record" && cat; } >"$fakes/$1"
  chmod 755 "$fakes/$1"
}
