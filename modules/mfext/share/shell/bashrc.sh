# shellcheck shell=bash disable=SC1091,SC2154
# For `~/.bashrc` of a module's user: the hooks of the machine and of the user around the module's environment.
if [ -r "${METWORK_ETC:-/etc}/bashrc" ]; then . "${METWORK_ETC:-/etc}/bashrc"; fi
if [ -r "${METWORK_ETC:-/etc}/metwork.custom_profile" ]; then . "${METWORK_ETC:-/etc}/metwork.custom_profile"; fi
case $- in
	*i*) . "$__metwork_home/../mfext/share/shell/interactive_profile.sh" ;;
	*) . "$__metwork_home/../mfext/share/shell/profile.sh" ;;
esac
__metwork_read ~/.metwork.custom_profile
case $- in
	*i*) __metwork_read ~/.metwork.custom_interactive_profile ;;
esac
