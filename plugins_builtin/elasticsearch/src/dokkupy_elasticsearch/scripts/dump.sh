# Writes a tar archive of a snapshot. $1: the directory of the data.
repository "$1"
require '"acknowledged":true' PUT "_snapshot/$name" '{"type": "fs", "settings": {"location": "'"$work/data"'"}}'
require '"state":"SUCCESS"' PUT "_snapshot/$name/dump?wait_for_completion=true" \
  '{"indices": "*", "expand_wildcards": "open,closed", "include_global_state": true, "feature_states": ["none"]}'
: >"$work/dokkupy-end-of-dump"
tar -C "$work" -c -f - data dokkupy-end-of-dump
