#!/bin/bash
# box.sh start|exec|stop DIR [COMMAND...]: a real systemd as PID 1 of namespaces of its own, over a throw-away overlay of this
# machine's root. Needs root and control groups of version 1. UNITS names a directory whose files become its system units.
set -euo pipefail
action=$1 dir=$2
shift 2
group=metwork-box.$(basename "$dir")
inside() { nsenter -t "$(cat "$dir/pid")" -m -p -C -i -u -n -- "$@"; }

enter_groups() {
  local hierarchy file
  for hierarchy in /sys/fs/cgroup/*/; do
    mkdir -p "$hierarchy$group"
    for file in cpuset.cpus cpuset.mems; do
      if [ -e "$hierarchy$file" ]; then cat "$hierarchy$file" >"$hierarchy$group/$file"; fi
    done
    echo "$BASHPID" >"$hierarchy$group/cgroup.procs"
  done
}

# Runs as PID 1 of the box, before systemd takes its place.
build_root() {
  local root=/mnt/root name hierarchy
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir /mnt/{lower,upper,work,root}
  mount --bind / /mnt/lower
  mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay "$root"
  rm -rf "$root/etc/systemd/system"
  mkdir -p "$root/etc/systemd/system"
  cp -r "$UNITS"/. "$root/etc/systemd/system/"
  for name in systemd-{sysctl,modules-load,remount-fs,udevd,update-utmp,journal-flush,logind,tmpfiles-setup,tmpfiles-setup-dev,sysusers}.service \
    getty@.service console-getty.service dev-hugepages.mount dev-mqueue.mount sys-kernel-{debug,tracing}.mount; do
    ln -s /dev/null "$root/etc/systemd/system/$name"
  done
  printf '[Unit]\nRequires=basic.target dbus.socket\nAfter=basic.target\nAllowIsolate=yes\n' >"$root/etc/systemd/system/box.target"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  ip link set lo up
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  for hierarchy in /sys/fs/cgroup/*/; do
    name=$(basename "$hierarchy")
    mkdir "$root/sys/fs/cgroup/$name"
    case $name in
    unified) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/$name" ;;
    systemd) mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/$name" ;;
    *) mount -t cgroup -o "$name" cgroup "$root/sys/fs/cgroup/$name" ;;
    esac
  done
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
  done
  mkdir "$root/dev/shm"
  ln -s /proc/self/fd "$root/dev/fd"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount --bind "$dir" "$root$dir"
  mkdir -p "$root/.outside"
  cd "$root"
  pivot_root . .outside
  umount -l /.outside
  exec env -i container=box PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=box.target --log-target=console --show-status=no
}

case $action in
start)
  (
    enter_groups
    exec setsid unshare --fork --kill-child --pid --mount --cgroup --ipc --uts --net --propagation private \
      bash "$0" build "$dir" </dev/null >"$dir/boot.log" 2>&1
  ) &
  outer=$!
  for _ in $(seq 400); do
    pid=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null || true)
    pid=${pid%% *}
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd ]; then break; fi
    sleep 0.02
  done
  echo "$pid" >"$dir/pid"
  for _ in $(seq 400); do
    state=$(inside systemctl is-system-running 2>/dev/null || true)
    case $state in running | degraded) break ;; esac
    sleep 0.02
  done
  echo "$state"
  ;;
build) build_root ;;
exec) inside "$@" ;;
stop)
  kill -9 "$(cat "$dir/pid")" 2>/dev/null || true
  for _ in $(seq 100); do
    find /sys/fs/cgroup/*/"$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    if ! compgen -G "/sys/fs/cgroup/*/$group" >/dev/null; then break; fi
    sleep 0.05
  done
  ;;
esac
