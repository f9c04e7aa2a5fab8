import { type OptionSection, option, section } from "../../config/option.ts";
import {
  choice,
  completeness,
  flag,
  integer,
  path,
  portOrZero,
  regexes,
  subdirectories,
} from "../../config/value-types.ts";
import {
  generalSections,
  LARGEST_BODY_MB,
  type ModulePorts,
  reportingSections,
  supervisionSections,
} from "./common.ts";
import { DROP_SECTIONS } from "./drops.ts";

const PORTS: ModulePorts = { mflog: "5150", nginxlog: "5151", statsd: "18126" };
const LONGEST_MINUTES = 10 * 366 * 24 * 60;

const LIMITS_TEXT = "then files are refused by HTTP (507) and the listeners, until it is a fifth better";

const DATA_IN = section("data_in", "The directory files come in by, and how long they may stay there.", {
  dir: option(
    path,
    "{{MFMODULE_RUNTIME_HOME}}/var/in",
    "restart",
    "The directory that holds incoming, tmp, trash and the queues of steps.",
  ),
  durability: option(
    choice("fast", "durable"),
    "fast",
    "reload",
    "`fast`: files survive the death of any process. `durable`: also a loss of power: what leaves a step of the pipeline is on the disk before the step's end is told. Each file then takes some milliseconds longer, and a disk writes a few thousand a second. Steps may differ, see `durability` of a step.",
  ),
  trash_max_lifetime: option(
    integer(0, LONGEST_MINUTES),
    "1440",
    "reload",
    "Files in trash are deleted when they have been there longer, whatever their own date. 0: never.",
    "minutes",
  ),
  tmp_max_lifetime: option(
    integer(0, LONGEST_MINUTES),
    "60",
    "reload",
    "Files in tmp that no step works on, scratch files and uploads that were cut, are deleted when they have been there longer. 0: never.",
    "minutes",
  ),
  other_max_lifetime: option(
    integer(0, LONGEST_MINUTES),
    "360",
    "reload",
    "Files in watched directories that their senders did not finish ([directory_observer] ignore) are deleted when nobody wrote to them for longer. 0: never. Files that wait to be processed are never deleted by age.",
    "minutes",
  ),
  min_free_space: option(
    integer(0),
    "200",
    "reload",
    `When less space is free on the file system of dir, ${LIMITS_TEXT}. 0: no limit.`,
    "megabytes",
  ),
  min_free_inodes: option(
    integer(0),
    "1000",
    "reload",
    `When fewer files can still be made there, ${LIMITS_TEXT}. 0: no limit.`,
    "inodes",
  ),
  max_waiting_files: option(
    integer(0),
    "0",
    "reload",
    `When more files wait in all watched directories together, ${LIMITS_TEXT}. 0: any number may wait. A step may have a limit of its own.`,
    "files",
  ),
});

const DIRECTORY_OBSERVER = section("directory_observer", "How new files are noticed.", {
  monitor_inactivitytimeout: option(
    integer(-1, 86400),
    "300",
    "none",
    "Kept for former versions' files; what reads the directories when nothing is noticed is forced_poll.",
    "seconds",
  ),
  forced_poll: option(
    integer(0, 86400),
    "300",
    "reload",
    "The directories are read at least this often, since network file systems tell nothing. 0: only at the start and when something was missed.",
    "seconds",
  ),
  poll_queue_limit: option(
    integer(0),
    "10000",
    "reload",
    "Reading the directories adds nothing to a step's queue that is longer than this; the files wait where they are. 0: any length.",
    "files",
  ),
  ignore: option(
    regexes,
    "^.*\\.t$;^.*\\.tmp$",
    "reload",
    "Files whose name matches one of these are left alone: their sender has not finished them.",
  ),
});

const REDIS = section("redis", "The store of the steps' queues. It holds hints only: emptying it loses no file.", {
  port: option(
    portOrZero,
    "0",
    "restart",
    "A TCP port, of this machine only, besides the unix socket var/redis.socket. 0: none.",
  ),
  max_memory: option(
    integer(1),
    "2048",
    "restart",
    "How much memory it may use; beyond, it takes nothing more, and announcements of files stay in the memory of the pipeline.",
    "megabytes",
  ),
  pubsubclient_output_buffer_hard_limit: option(
    integer(0),
    "1600",
    "restart",
    "A subscriber that leaves more unread is disconnected at once. 0: any amount.",
    "megabytes",
  ),
  pubsubclient_output_buffer_soft_limit: option(
    integer(0),
    "1200",
    "restart",
    "A subscriber that leaves more unread for 60 seconds is disconnected. 0: any amount.",
    "megabytes",
  ),
});

const NGINX = section("nginx", "The web server that takes files over HTTP: PUT /DIRECTORY/NAME.", {
  flag: option(flag, "1", "restart", "0: files do not come over HTTP."),
  port: option(portOrZero, "9091", "reload", "Its port. 0: only the unix socket var/nginx.socket."),
  upload_dir: option(
    path,
    "{{MFMODULE_RUNTIME_HOME}}/var/in/incoming",
    "none",
    "Kept for former versions' files; the first of [internal_plugins] watched_directories is what counts.",
  ),
  clientbody_temp_path: option(
    path,
    "{{MFMODULE_RUNTIME_HOME}}/var/in/tmp/nginx",
    "reload",
    "The directory for files while they arrive; on the file system of [data_in] dir, where it is (tmp/nginx) unless it is set here.",
  ),
  upload_max_body_size: option(
    integer(0, LARGEST_BODY_MB),
    "100",
    "reload",
    "A larger file is refused (413). 0: any size.",
    "megabytes",
  ),
  upload_directories: option(
    subdirectories,
    "",
    "reload",
    "The watched directories, directly below [data_in] dir, that take files over HTTP; a step's own only when it is listed here. Empty: all that outsiders may write to.",
  ),
  upload_authentication: option(
    flag,
    "0",
    "reload",
    "1: an upload needs a key (`metwork uploads allow`), sent as a bearer token or as the password of basic authentication.",
  ),
  upload_resumable: option(
    flag,
    "0",
    "restart",
    "1: files can also be uploaded in parts that may be interrupted and resumed, at /tus/ (the protocol tus 1.0). Takes about 60 MB of memory.",
  ),
  workers: option(
    integer(1, 1024),
    "{{MFHARDWARE_NUMBER_OF_CPU_CORES_MULTIPLIED_BY_2}}",
    "reload",
    "How many processes of nginx take files.",
  ),
  logging: option(flag, "1", "reload", "0: no access log."),
});

const INTERNAL_PLUGINS = section(
  "internal_plugins",
  "Plugins that come with the module. `install_NAME = 1` installs or updates, at each start, the newest share/plugins/NAME-*.plugin.",
  {
    install_guess_file_type: option(flag, "1", "none", "1: the step that finds out what kind of file each one is."),
    install_switch: option(flag, "1", "none", "1: the step that hands each file to the steps whose rules match."),
    "install_*": option(flag, "0", "none", "1: any other plugin that comes with the module."),
    watched_directories: option(
      subdirectories,
      "incoming",
      "reload",
      "The directories below [data_in] dir in which files arrive. The first one is where HTTP and inject_file put them.",
    ),
    watched_completeness: option(
      completeness,
      "close",
      "reload",
      "How senders show that a file there is complete, one for all of these directories or one for each: close (also moved or linked in), rename, companion:.done (a second file, made after it), temporary:.part (a suffix taken off the name), stable:SECONDS (not touched for so long). With ` recursive` directories below count too.",
    ),
    guess_file_type_numprocesses: option(
      integer(0, 1024),
      "{{MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_2}}",
      "reload",
      "How many files guess_file_type may work on at once. 0: it does not run.",
    ),
    guess_file_type_debug: option(flag, "0", "reload", "1: guess_file_type logs everything it does."),
    switch_numprocesses: option(
      integer(0, 1024),
      "{{MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_2}}",
      "reload",
      "How many files switch may work on at once. 0: it does not run.",
    ),
    switch_debug: option(flag, "0", "reload", "1: switch logs everything it does."),
    switch_no_match_policy: option(
      choice("delete", "keep"),
      "delete",
      "reload",
      "What happens to a file that no rule wants: it is deleted, or kept in trash.",
    ),
    switch_no_match_keep_original_basename: option(
      flag,
      "0",
      "reload",
      "1: a file kept so has its first name in trash. 0: it gets a unique one.",
    ),
  },
);

const TRACE = section("trace", "What happened to each file: `metwork trace NAME`, `metwork route what-if`.", {
  flag: option(flag, "1", "reload", "0: nothing is kept of what happens to files."),
  max_age: option(integer(1, 3660), "7", "reload", "What is older goes.", "days"),
  max_size: option(integer(2), "1024", "reload", "When it takes more room than this, the oldest goes.", "megabytes"),
  digest: option(
    flag,
    "1",
    "reload",
    "1: files that stay where the pipeline put them (archive, trash) get a SHA-256 when there is nothing else to do.",
  ),
  digest_removed: option(
    flag,
    "0",
    "reload",
    "1: files that the pipeline removes (deleted, or used up by a step) get one too, at low priority, before they are gone from the disk.",
  ),
});

export const MFDATA_SECTIONS: readonly OptionSection[] = [
  ...generalSections(),
  DATA_IN,
  DIRECTORY_OBSERVER,
  INTERNAL_PLUGINS,
  NGINX,
  REDIS,
  ...DROP_SECTIONS,
  TRACE,
  ...reportingSections(PORTS),
  ...supervisionSections(PORTS),
];
