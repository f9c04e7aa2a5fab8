#!/usr/bin/env bats
# What a person touches first: make help, make setup. Package managers are recorders here; their answers are replayed.

# shellcheck disable=SC2154 # repo, fakes and record are set by the helpers
load helpers

setup() {
  cd "$repo" || return 1
}

# os TEXT: what the machine says it is.
os() {
  printf '%b' "$1" >"$BATS_TEST_TMPDIR/os-release"
}

# run_setup ARG...: setup on the machine the test describes, with nothing on PATH but what the test put there.
run_setup() {
  run env -i PATH="$fakes" HOME="$BATS_TEST_TMPDIR" sh scripts/setup/setup.sh --os-release "$BATS_TEST_TMPDIR/os-release" "$@"
}

# A package database that knows nothing until the package manager has run.
fake_database() {
  fake "$1" <<'SH'
[ -e "$record.installed" ] || { echo "package $4 is not installed"; exit 1; }
shift 3
for name; do echo "installed $name"; done
SH
  sed -i "2i record='$record'" "$fakes/$1"
}

fake_manager() {
  fake "$1" <<<": >'$record.installed'"
}

# Root as root has it, and for anybody else by a sudo that asks nothing.
fake_sudo() {
  # shellcheck disable=SC2016
  fake sudo <<<'shift; exec "$@"'
}

need_private_mounts() {
  [ "$(id -u)" = 0 ] || skip "needs root, to see directories of its own in place of the system's"
  unshare --mount true 2>/dev/null || skip "no private mounts here"
}

# in_private_mounts BINDS COMMAND: with directories of the test in place of the system's (bind FROM TO; ...).
in_private_mounts() {
  run env -i PATH="$fakes" "$(command -v unshare)" --mount "$(command -v bash)" -ec "
    bind() { $(command -v mount) --bind \"\$1\" \"\$2\"; }
    $1
    exec $2"
}

apt_install() {
  in_private_mounts "bind '$BATS_TEST_TMPDIR/lists' /var/lib/apt/lists; bind '$BATS_TEST_TMPDIR/sbin' /usr/sbin" \
    "sh scripts/setup/apt-install.sh $*"
}

@test "make lists its commands, and each of them" {
  run make
  [ "$status" -eq 0 ]
  run diff <(make | awk '{ print $2 }' | sort) <(sed -n 's/^\.PHONY: //p' Makefile | tr ' ' '\n' | grep -v -- - | sort)
  [ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "make setup does and says nothing when everything is there" {
  make setup
  milliseconds() { echo $(($(date +%s%N) / 1000000)); }
  begun=$(milliseconds)
  node -e 0
  bare=$(($(milliseconds) - begun))
  begun=$(milliseconds)
  run make setup
  took=$(($(milliseconds) - begun))
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
  # It takes a fifth of that; the rest is for a machine that has other work, or is slow at all it does.
  [ "$took" -lt $((2000 + 10 * bare)) ] || { echo "took $took ms, node alone $bare ms"; false; }
}

@test "setup without a package manager gives the command to run" {
  private_path
  os 'ID=debian\nVERSION_ID="12"\n'
  run_setup
  [ "$status" -eq 1 ]
  [[ "$output" == *"error[MF8005]"*"no apt-get on PATH"*"as root: apt-get install -y --no-install-recommends nginx libnginx-mod-http-lua "*" redis-server "* ]]
}

@test "setup --run asks for nothing that only tests need" {
  private_path
  os 'ID=debian\nVERSION_ID="12"\n'
  run_setup --run
  [ "$status" -eq 1 ]
  [[ "$output" != *shellcheck* ]]
}

@test "setup by an ordinary user without sudo gives the command to run" {
  private_path
  fake_database dpkg-query
  fake_manager apt-get
  os 'ID=debian\nVERSION_ID="12"\n'
  ordinary=()
  if [ "$(id -u)" = 0 ]; then
    # A user namespace without a map: nobody to whoever asks, yet able to read what root may read.
    ordinary=("$(command -v unshare)" --user)
    "${ordinary[@]}" true 2>/dev/null || skip "no user namespaces here"
  fi
  run env -i PATH="$fakes" "${ordinary[@]}" sh scripts/setup/setup.sh --os-release "$BATS_TEST_TMPDIR/os-release"
  [ "$status" -eq 1 ]
  [[ "$output" == *"error[MF8006]"*"needs root"*"as root: apt-get install -y --no-install-recommends nginx "* ]] || { echo "$output"; false; }
  [ "$(grep -c '^apt-get' "$record")" -eq 0 ]
}

@test "setup on an unknown system wants the programs, and lists what installs them elsewhere" {
  need_private_mounts
  private_path
  mkdir "$BATS_TEST_TMPDIR/sbin"
  os 'ID=plan9\nPRETTY_NAME="Plan 9"\n'
  in_private_mounts "bind '$BATS_TEST_TMPDIR/sbin' /usr/sbin" \
    "sh scripts/setup/setup.sh --os-release '$BATS_TEST_TMPDIR/os-release'"
  [ "$status" -eq 1 ]
  [[ "$output" == *"error[MF8004]: nginx not found"*"Plan 9"*"Debian: apt-get install"*"Fedora: dnf install"* ]] || { echo "$output"; false; }
}

@test "npm missing: setup gives the command to run" {
  private_path
  cp -r scripts package.json package-lock.json "$BATS_TEST_TMPDIR"
  run env -i PATH="$fakes" sh "$BATS_TEST_TMPDIR/scripts/setup/setup.sh"
  [ "$status" -eq 1 ]
  [[ "$output" == *"error[MF8001]: npm is not on PATH"*"as root: apt-get install -y npm"* ]]
}

@test "npm failing: setup shows what it said" {
  private_path
  cp -r scripts package.json package-lock.json "$BATS_TEST_TMPDIR"
  fake npm <<<'echo "the registry is on fire"; exit 7'
  run env -i PATH="$fakes" sh "$BATS_TEST_TMPDIR/scripts/setup/setup.sh"
  [ "$status" -eq 1 ]
  [[ "$output" == *"setup: npm packages ... failed"*"the registry is on fire"*"error[MF8002]"* ]]
}

@test "Enterprise Linux 9: EPEL first, then the packages, nothing twice (replayed)" {
  private_path
  fake_database rpm
  fake_manager dnf
  fake_sudo
  os 'ID="rocky"\nVERSION_ID="9.4"\n'
  run_setup
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  [[ "$output" =~ setup:\ [0-9]+\ system\ packages\ \(nginx\ .*\)\ \.\.\.\ .*\ s ]]
  run grep '^dnf' "$record"
  [ "${lines[0]}" = "dnf -y -q --setopt=install_weak_deps=False install epel-release" ]
  [[ "${lines[1]} " == "dnf -y -q --setopt=install_weak_deps=False install nginx file python3 "*" util-linux cronie curl-minimal "*" redis " ]]
  [ "${#lines[@]}" -eq 2 ]
  : >"$record"
  run_setup
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
  [ "$(grep -c '^rpm' "$record")" -eq 1 ]
  [ "$(grep -c '^dnf' "$record")" -eq 0 ]
}

@test "Enterprise Linux 10 takes valkey for redis; Fedora needs no EPEL (replayed)" {
  private_path
  fake_database rpm
  fake_manager dnf
  fake_sudo
  os 'ID="rhel"\nVERSION_ID="10.0"\n'
  run_setup --run
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  run grep '^dnf' "$record"
  [ "${lines[0]}" = "dnf -y -q --setopt=install_weak_deps=False install epel-release" ]
  [ "${lines[1]}" = "dnf -y -q --setopt=install_weak_deps=False install nginx file python3 python3-flask python3-waitress python3-pip util-linux cronie curl-minimal valkey" ]
  rm "$record" "$record.installed"
  os 'ID=fedora\nVERSION_ID=42\n'
  run_setup --run
  [ "$status" -eq 0 ]
  run grep '^dnf' "$record"
  [ "${#lines[@]}" -eq 1 ]
  [ "${lines[0]}" = "dnf -y -q --setopt=install_weak_deps=False install nginx file python3 python3-flask python3-waitress python3-pip util-linux cronie curl-minimal valkey" ]
}

@test "dnf failing: setup shows what it said and the command to run" {
  private_path
  fake_database rpm
  fake dnf <<<'echo "No match for argument: nginx" >&2; exit 1'
  fake_sudo
  os 'ID=fedora\nVERSION_ID=42\n'
  run_setup
  [ "$status" -eq 1 ]
  [[ "$output" == *"... failed"*"error[MF8007]"*"No match for argument: nginx"*"as root: dnf install -y nginx "* ]]
}

@test "apt: lists are fetched when there are none, and once more when an install fails; no daemon is started (replayed)" {
  need_private_mounts
  private_path
  mkdir "$BATS_TEST_TMPDIR"/{sbin,lists}
  fake systemctl <<<:
  fake apt-get <<SH
case "\$*" in
  *update) : >"$BATS_TEST_TMPDIR/lists/debian_Packages" ;;
  *) /usr/sbin/policy-rc.d nginx start; echo "start nginx: \$?" >>"$record"
     /usr/sbin/policy-rc.d redis-server.service start; echo "start redis: \$?" >>"$record"
     /usr/sbin/policy-rc.d ssh restart; echo "restart ssh: \$?" >>"$record"
     [ -e "$record.tried" ] || { : >"$record.tried"; exit 100; } ;;
esac
SH
  apt_install nginx,redis-server nginx redis-server file
  [ "$status" -eq 0 ] || { echo "$output"; false; }
  run cat "$record"
  install="apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install --no-install-recommends nginx redis-server file"
  # Other services are none of our business, but without systemd nobody would ever stop them.
  others=101
  if [ -d /run/systemd/system ]; then others=0; fi
  answers=$'start nginx: 101\nstart redis: 101\nrestart ssh: '$others
  disabled=$'systemctl --quiet disable nginx\nsystemctl --quiet disable redis-server'
  [ "$output" = "apt-get -q update
$install
$answers
apt-get -q update
$install
$answers
$disabled" ] || { echo "$output"; false; }
  [ -z "$(ls "$BATS_TEST_TMPDIR/sbin")" ]
}

@test "apt: what a killed installation leaves behind forbids nothing and removes itself" {
  need_private_mounts
  private_path
  mkdir "$BATS_TEST_TMPDIR"/{sbin,lists}
  : >"$BATS_TEST_TMPDIR/lists/debian_Packages"
  # shellcheck disable=SC2016
  fake apt-get <<<'kill -9 $PPID'
  apt_install nginx nginx
  [ "$status" -eq 137 ]
  policy=$BATS_TEST_TMPDIR/sbin/policy-rc.d
  [ -x "$policy" ]
  run sh "$policy" nginx start
  [ "$status" -eq 0 ] || { cat "$policy"; false; }
  [ ! -e "$policy" ]
}
