# Begins every program that talks to the server: as administrator, whose password is on no argv.
admin() {
  REDISCLI_AUTH=$(cat /run/dokkupy/password) redis-cli --user dokkupy "$@"
}
if [ "$0" = redis-cli ]; then
  admin "$@"
  exit
fi
