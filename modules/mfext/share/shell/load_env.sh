# shellcheck shell=sh disable=SC1091,SC2154
# For scripts and persons: once, and with what a person sees only at a prompt.
if [ -z "${METWORK_PROFILE_LOADED:-}" ] || [ "$(readlink -f "${MFMODULE_HOME:-}")" != "$__metwork_home" ]; then
	case $- in
		*i*) . "$__metwork_home/../mfext/share/shell/interactive_profile.sh" ;;
		*) . "$__metwork_home/../mfext/share/shell/profile.sh" ;;
	esac
fi
