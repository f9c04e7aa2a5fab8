# shellcheck shell=sh disable=SC1091,SC2154,SC3045
# Gives the shell that reads it the environment of the module at $__metwork_home. The shell is dash, bash or like them.

__metwork_read() {
	# shellcheck disable=SC1090
	if [ -r "$1" ]; then . "$1"; fi
}

# What is printed is quoted for a shell, and empty when the configuration has a mistake, which is told on standard error.
__metwork_lines=$("$__metwork_home/../../bin/metwork" env --module "${__metwork_home##*/}") || __metwork_lines=
if [ -n "$__metwork_lines" ]; then
	eval "$__metwork_lines"
	unset PROFILE_ERROR
	umask 0022
	eval "__metwork_core=\${${MFMODULE}_MISC_CORE_SIZE:--1}"
	# A limit that is lower already cannot be raised.
	if [ "$__metwork_core" != -1 ]; then ulimit -c "$__metwork_core" 2>/dev/null || :; fi
else
	export PROFILE_ERROR=1
	PATH=$(readlink -f "$__metwork_home/../../bin"):$PATH
	export PATH
fi
unset __metwork_lines __metwork_core
__metwork_read "${METWORK_ETC:-/etc}/metwork.extraprofile"
