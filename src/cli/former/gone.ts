import type { Command } from "../command.ts";

/** Names of the predecessor that would do harm or nothing here, and what does their work now. */
const GONE: Readonly<Record<string, string>> = {
  "circus-top": "`metwork status` says what runs, `top` what it takes",
  circusd: "the supervisor is started by `mfserv.start`",
  circusd_stats: "`circusctl stats`",
  _circusctl: "`circusctl`, without an endpoint",
  "_circus.start": "`mfserv.start`, `mfdata.start`",
  "_circus.stop": "`mfserv.stop`, `mfdata.stop`",
  "_circus.reload": "`metwork apply`, which changes only what differs",
  "_nginx.reload": "`metwork apply`; an edited configuration is applied by itself",
  __make_nginx_conf: "`metwork plan`; what is in force is in tmp/config_auto/nginx.conf",
  _make_nginx_conf: "`metwork plan`; what is in force is in tmp/config_auto/nginx.conf",
  _make_circus_conf: "`metwork plan`; what is in force is listed by `circusctl status`",
  _check_nginx_conf: "`metwork plan`, `metwork apply --dry-run`",
  _check_circus_conf: "`metwork plan`, `metwork apply --dry-run`",
  _make_directory_observer_conf: "`metwork plan`; what is in force is in tmp/config_auto/directory_observer.ini",
  _make_and_write_switch_confs: "`metwork plan`; what is in force is in tmp/config_auto/plugin_switch_rules.ini",
  "garbage_collector.sh":
    "nothing: the pipeline collects by itself, every minute, and logs it in garbage_collector.log",
  "_make_and_install_crontab.sh": "`metwork apply` keeps the crontab as it should be",
  "_uninstall_crontab.sh": "`mfserv.stop`, `mfdata.stop`",
  "_plugins.is_dangerous": "`plugins.install` and `plugins.develop` say it by themselves",
  "_plugins.postinstall": "`plugins.install`, which does it",
  "_plugins.preuninstall": "`plugins.uninstall`, which does it",
  "_install_or_update_configured_plugins.py": "`mfserv.start`, `mfdata.start`, which do it",
  "_ini_to_env.py": "`mfserv_wrapper env`, `metwork config list`",
  "signal_wrapper.py": "nothing: the supervisor waits for requests in work by itself",
  "circus_status_watcher.sh": "`circusctl status WATCHER`",
  components: "package-lock.json of the installation, and the packages of the system",
  std_redirect: "`log_proxy_wrapper`, or a shell's own redirections",
  "bootstrap_layer.sh": "`mkdir` and a file `.layerapi2_label` with `NAME@MODULE`",
  _field_prepend: "`field_prepend` of `$MFEXT_HOME/lib/bash_utils.sh`",
  _field_remove: "`layer_unload_bash_cmds`",
  jsonlog2elasticsearch: "`[admin] hostname` and the shipper of the machine",
  jsonsyslog2elasticsearch: "`[admin] hostname` and the shipper of the machine",
  metwork_debug: "`metwork doctor`",
  "wait_redis.py": "nothing: steps are started when Redis answers",
  "redis_status.sh": "`metwork status mfdata`",
  "save_perm_and_acl.sh": "nothing: homes are no part of the packages",
};

/** One command for each of them: it says what to use instead, and ends with 2. */
export function goneCommands(): readonly Command[] {
  return Object.entries(GONE).map(([name, instead]) => ({
    name,
    aliases: [name],
    summary: `Gone. Instead: ${instead}.`,
    former: true,
    args: [{ name: "ARGUMENT", summary: "ignored", required: false, variadic: true }],
    options: {},
    passThrough: true,
    load: async () => async (context) => {
      context.err(`error[MF8060]: there is no ${name} any more`);
      context.err(`  = help: instead: ${instead}`);
      return 2;
    },
  }));
}
