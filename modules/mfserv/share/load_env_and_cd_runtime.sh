# shellcheck shell=sh disable=SC1091,SC3028
# The environment of mfserv for the shell that reads this. bash says which file that is; others have it open.
__metwork_home=${BASH_SOURCE:-}
if [ -z "$__metwork_home" ]; then
	read -r __metwork_home __metwork_rest </proc/self/stat
	__metwork_home=$(readlink /proc/"$__metwork_home"/fd/* | grep '/mfserv/share/load_env_and_cd_runtime.sh$')
fi
__metwork_home=$(readlink -f "$(dirname "$(readlink -f "$__metwork_home")")/..")
. "$__metwork_home/../mfext/share/shell/load_env.sh"
cd "${MFMODULE_RUNTIME_HOME:-.}" || :
unset __metwork_home __metwork_rest
