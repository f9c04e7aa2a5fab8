#!/bin/sh
# Runs a job of a crontab in a module's environment; `cronwrap --help` lists the options. The module is the one whose
# home it was called in, else the caller's.
case "$0" in
  */modules/*/bin/*) module=${0%/bin/*} && module=${module##*/} ;;
  *) module=$(printf '%s' "${MFMODULE:-$(id -un)}" | tr '[:upper:]' '[:lower:]') ;;
esac
self=$(readlink -f "$0")
exec "${self%/*}/${module}_wrapper" cronwrap "$@"
