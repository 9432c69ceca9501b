# Restores the snapshot in a tar archive on standard input. $1: the directory of the data.
repository "$1"
tar -C "$work" -x -f -
if ! [ -d "$work/data" ] || ! [ -e "$work/dokkupy-end-of-dump" ]; then
  echo "The archive is no whole dump" >&2
  exit 1
fi
require '"acknowledged":true' PUT "_snapshot/$name" \
  '{"type": "fs", "settings": {"location": "'"$work/data"'", "readonly": true}}'
require '"failed":0' POST "_snapshot/$name/dump/_restore?wait_for_completion=true" \
  '{"indices": "*", "include_global_state": true, "feature_states": ["none"]}'
