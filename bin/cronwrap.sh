#!/bin/sh
# Runs a job of a crontab in a module's environment; `cronwrap --help` lists the options. The module is the one whose
# home it was called in, else the caller's. What the machine and the user add to the environment of shells counts here too.
case "$0" in
  */modules/*/bin/*) module=${0%/bin/*} && module=${module##*/} ;;
  *) module=$(printf '%s' "${MFMODULE:-$(id -un)}" | tr '[:upper:]' '[:lower:]') ;;
esac
self=$(readlink -f "$0")
for hook in "${METWORK_ETC:-/etc}/metwork.custom_profile" "${METWORK_ETC:-/etc}/metwork.extraprofile" ~/.metwork.custom_profile; do
  # shellcheck disable=SC2016
  if [ -r "$hook" ]; then
    exec bash --norc -c '. "$0" && exec cronwrap "$@"' "${self%/bin/*}/modules/$module/share/bashrc" "$@"
  fi
done
exec "${self%/*}/${module}_wrapper" cronwrap "$@"
