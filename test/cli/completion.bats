#!/usr/bin/env bats
# What a shell completes, asked of the real program.

# shellcheck disable=SC2154 # home and repo are set by the helpers
load helpers

setup() {
  private_appliance
  mkdir -p "$home/mfserv/var/plugins/hello"
  # shellcheck disable=SC1090
  source <(metwork completion bash)
}

teardown() {
  remove_appliance
}

# Completes a command line given as words, the last one unfinished.
completed() {
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _metwork
  printf '%s\n' "${COMPREPLY[@]}"
}

@test "bash completes commands, modules, options and plugins" {
  [ "$(completed metwork his)" = history ]
  [ "$(completed metwork status mfs)" = mfserv ]
  [ "$(completed metwork plan --qui)" = --quiet ]
  [ "$(completed plugins.uninstall he)" = hello ]
}

@test "every linked name is completed" {
  for link in "$repo"/bin/*; do
    case ${link##*/} in _*) continue ;; esac
    [ -L "$link" ] || continue
    complete -p "${link##*/}"
  done
}
