import type { Defect } from "./defects-of-serving.ts";

/** What plugins and scripts of the predecessor rely on in its file pipeline, and what would notice its loss here. */
export const KEPT: readonly Defect[] = [
  [
    "kept",
    "names and values of tags, .tags beside archived and failed files",
    "integration/flow",
    "with all their tags",
  ],
  ["kept", "a failed file's name in trash", "integration/flow", "kept in trash under its name"],
  ["kept", "names that are not taken: .t, .tmp, .working", "integration/flow", "unfinished, foreign and hidden"],
  ["kept", "the lines of .tags", "../src/core/flow/tags", "the .tags format: sorted"],
  ["kept", "the odd time of enter_step", "../src/core/flow/tags", "the predecessor's colon"],
  ["kept", "failure policies", "integration/flow-places", "failed files: deleted, or moved"],
  ["kept", "inject_file, print_tags, get_tag, set_tag", "integration/flow-places", "inject_file and the tag commands"],
  ["kept", "counter, latest and trace keys of Redis", "integration/flow-counters", "Redis says how many files"],
  ["kept", "Setting tag and Bad processing status in logs", "integration/flow-counters", "at DEBUG each step says"],
  ["kept", "tags of guess_file_type, its own magic", "integration/flow-magic", "a database of one's own"],
  ["kept", "names and tags of metrics", "integration/metrics", "counts files, bytes and failures of each step"],
  ["kept", "metrics of batches", "integration/steps-python", "batches by size, by time and at the end"],
  ["kept", "decorators", "integration/steps-python", "decorators hand over a changed copy"],
  ["kept", "a step's program with a file's path", "integration/steps-python", "tries one file by itself"],
  ["kept", "switch_step with rules of its own", "integration/steps-python", "a switch of one's own"],
  ["kept", "waits between tries", "../src/core/flow/retry", "waits grow as the predecessor's did"],
  ["kept", "reinject_step", "integration/steps-reinject", "given back until they pass"],
  ["kept", "uploads, empty ones too", "integration/nginx-upload", "a large body arrives whole, an empty one empty"],
  ["kept", "rules of every type add up", "integration/flow-switch", "rules of every type add up in one switch"],
  ["kept", "settings in the environment", "../src/core/plugin/read", "exports every public key of every section"],
  ["kept", "addresses of hosts in the environment", "integration/plugins", "knows the addresses of the hosts"],
  ["kept", "blocks of the crontab", "integration/crontab", "a start adds the module's and the plugins' blocks"],
];
