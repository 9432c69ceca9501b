# Begins every program that talks to the server: as administrator, whose password is on no argv.
secret=$(cat /run/dokkupy/password)
admin() { REDISCLI_AUTH=$secret redis-cli --user dokkupy "$@"; }
if [ "$0" = redis-cli ]; then
  admin "$@"
  exit
fi
