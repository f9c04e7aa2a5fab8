# shellcheck shell=sh disable=SC1091,SC2154
# The same for a person at a prompt, who is told where they are.
. "$__metwork_home/../mfext/share/shell/profile.sh"

if [ -z "${PROFILE_ERROR:-}" ]; then
	# What a person starts by hand is never taken for a leftover of the module.
	export METWORK_LIST_PROCESSES_FORCE=0
	printf '%s %s, configuration %s, %s\n' \
		"$MFMODULE_LOWERCASE" "$MFMODULE_VERSION" "$MFCONFIG" "$MFMODULE_RUNTIME_HOME" >&2
fi
