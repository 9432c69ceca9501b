# Arguments: database, administrator. Not compressed: backups are, and find again what they have already.
printf 'DOKKUPY-MONGO 1 %s\n' "$1"
mongodump --host=127.0.0.1 --username="$2" --authenticationDatabase=admin --config=/run/dokkupy/tools.yaml \
  --db="$1" --dumpDbUsersAndRoles --archive
printf 'DOKKUPY-MONGO END\n'
