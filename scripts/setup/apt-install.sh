#!/bin/sh
# Installs Debian packages, as root, without starting the daemons they bring, now or at boot: metwork runs its own.
# usage: apt-install.sh UNITS PACKAGE...   UNITS: those of the packages, joined by commas, or ""
set -eu
units=$1
shift
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d

if [ -n "$units" ] && [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  # Should this process be killed, the file forbids nothing any more and removes itself when it is next asked.
  cat >"$policy" <<POLICY
#!/bin/sh
kill -0 $$ 2>/dev/null || { rm -f "\$0"; exit 0; }
# Without systemd nobody would ever stop what is started here.
[ -d /run/systemd/system ] || exit 101
case ",$units," in *",\${1%.service},"*) exit 101 ;; esac
exit 0
POLICY
  chmod 755 "$policy"
fi

install() {
  apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@" </dev/null
}

# Lists may be missing, or so old that the versions they name are gone.
if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then apt-get -q update </dev/null; fi
install "$@" || { apt-get -q update </dev/null && install "$@"; }

if command -v systemctl >/dev/null 2>&1; then
  for unit in $(printf '%s' "$units" | tr ',' ' '); do
    systemctl --quiet disable "$unit" || :
  done
fi
