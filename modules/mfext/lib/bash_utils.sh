# shellcheck shell=bash
# Functions that scripts of the predecessor take from here: . "$MFEXT_HOME/lib/bash_utils.sh"

layer_load() {
	local commands
	commands=$(layer_load_bash_cmds "$1") && eval "$commands"
}

layer_load_without_optional() { layer_load "$1"; }

layer_unload() {
	local commands
	commands=$(layer_unload_bash_cmds "$1") && eval "$commands"
}

is_layer_installed_or_exit() {
	if [ "$(is_layer_installed "$1")" = 1 ]; then return 0; fi
	echo "the layer $1 is not installed" >&2
	exit 1
}

# field_prepend VARIABLE VALUE: puts VALUE first in a list with colons, once.
field_prepend() {
	local rest=":${!1:-}:"
	rest=${rest//":$2:"/:}
	rest=${rest#:} rest=${rest%:}
	printf -v "$1" '%s' "$2${rest:+:$rest}"
	export "${1?}"
}

exit_if_root() {
	if [ "$(id -u)" != 0 ] || [ "${METWORK_ALLOW_USAGE_BY_ROOT:-0}" = 1 ]; then return 0; fi
	echo "this does not run as root; if root is really meant, set METWORK_ALLOW_USAGE_BY_ROOT=1" >&2
	exit 1
}
