#!/bin/sh
case $(cat "$METWORK_FILE") in
tag) echo colour=blue >"$METWORK_NEW_TAGS" ;;
pass) cp "$METWORK_FILE" "$METWORK_OUT/same" ;;
make) printf made >"$METWORK_OUT/new" ;;
*) exit 1 ;;
esac
