#!/bin/sh
# Run for each file. It is done when this ends with 0; otherwise it failed, and the failure policy applies.
#   $METWORK_FILE       where the file is          $METWORK_BASENAME   its name when it came
#   $METWORK_OUT        a directory: what is put there is sent to dest_dir of [custom] when this ends with 0
#   $METWORK_NEW_TAGS   a file: a line name=value sets a tag       $METWORK_TAG_*   the tags it has
# What is printed goes to the log.
set -eu

echo "process for file $METWORK_FILE"
