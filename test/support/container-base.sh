#!/bin/bash
# container-base.sh DIRECTORY PACKAGE...: a root of this machine's own files of those packages and of all they need, which apt
# takes for a machine with them installed: what begins with it is built without a network.
set -euo pipefail
root=$1
shift
mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{etc/apt/preferences.d,proc,sys,dev,run,root,tmp} "$root"/var/{tmp,lib/apt/lists/partial,lib/dpkg/info,cache/apt/archives/partial}
chmod 1777 "$root/tmp" "$root/var/tmp"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
mapfile -t essential < <(dpkg-query -W -f '${Priority} ${Package}\n' | sed -n 's/^required //p')
mapfile -t needed < <(apt-cache depends --recurse --installed --no-{recommends,suggests,conflicts,breaks,replaces,enhances} "$@" "${essential[@]}" | sed -n 's/^\([a-z0-9][^ :]*\).*/\1/p' | sort -u)
mapfile -t packages < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${needed[@]}" 2>/dev/null | sed -n 's/^ii  *//p' | sort -u)
dpkg-query -L "${packages[@]}" | grep -v -e ^/usr/share/doc -e ^/usr/share/man -e ^/usr/share/locale | sort -u |
  while read -r path; do if [ -L "$path" ] || [ -f "$path" ]; then echo "${path#/}"; fi; done |
  tar -C / -cf - --no-recursion --verbatim-files-from -T - 2>/dev/null | tar -C "$root" -xf - --keep-directory-symlink
cp -r /etc/alternatives /etc/passwd /etc/group "$root/etc/"
cp /etc/shadow "$root/etc/shadow"
: >"$root/etc/apt/sources.list"
dpkg-query -s "${packages[@]}" >"$root/var/lib/dpkg/status"
touch "$root/var/lib/dpkg/available"
ldconfig -r "$root"
