#!/bin/bash
# container-run.sh ROOT USER COMMAND...: a root file system as a container engine runs it: PID 1 of its own namespaces, with that
# user, the environment of the caller and nothing of the machine's network but a loopback of its own. Needs root.
set -euo pipefail
root=$1
export root
# shellcheck disable=SC2016 # The inner shell expands it.
exec unshare --pid --net --mount --ipc --uts --fork --kill-child --propagation private bash -euc '
  ip link set lo up
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for name in null zero urandom; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
  done
  user=$2
  shift 2
  export -n root
  exec chroot --userspec="$user:$user" "$root" "$@"
' run "$@"
