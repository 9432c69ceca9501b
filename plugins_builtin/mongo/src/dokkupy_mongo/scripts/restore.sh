# Arguments: database, administrator, and two programs for the shell: to empty the database, to make the apps' user.
# The dump is on standard input: ours (with users and roles), or an archive of mongodump's, compressed or not.
database=$1 admin=$2 empty=$3 secure=$4
trailer='DOKKUPY-MONGO END' # and a newline
export LC_ALL=C
HOME=$(mktemp -d) && export HOME
trap 'rm -rf "$HOME"' EXIT

fail() { echo "$*" >&2 && exit 1; }

tool() {
  local status=0
  mongorestore --host=127.0.0.1 --username="$admin" --authenticationDatabase=admin --config=/run/dokkupy/tools.yaml \
    --drop --stopOnError --bypassDocumentValidation --archive "$@" 2>"$HOME/said" || status=$?
  cat "$HOME/said" >&2
  # It has ended with 0 and said this, too.
  if grep -Eq '[1-9][0-9]* document\(s\) failed to restore' "$HOME/said"; then status=1; fi
  return "$status"
}

number() { # the int32 at byte $1 of what the variable hex has
  local at=$(($1 * 2))
  echo $((16#${hex:at+6:2}${hex:at+4:2}${hex:at+2:2}${hex:at:2}))
}

# The name of the one database in an archive, by its prelude: magic number, header, and for each collection a document
# that begins with `db` (mongo-tools, common/archive/prelude.go), until 0xffffffff.
source_of() {
  local hex at=4 size length name found=
  hex=$(od -An -v -tx1 | tr -d ' \n')
  at=$((at + $(number 4)))
  while ((at * 2 + 26 < ${#hex})) && [[ ${hex:at*2:8} != ffffffff ]]; do
    size=$(number "$at")
    if [[ ${hex:at*2+8:8} == 02646200 ]]; then
      length=$(number $((at + 8)))
      name=$(printf '%b' "$(sed 's/../\\x&/g' <<<"${hex:at*2+24:(length-1)*2}")")
      if [[ $name != "" && $name != admin && $name != config && $name != local && $name != "$found" ]]; then
        [[ $found == "" ]] || fail "the archive has several databases: $found, $name; make one of one (mongodump --db)"
        found=$name
      fi
    fi
    ((size >= 5)) || fail "the archive's prelude is broken"
    at=$((at + size))
  done
  echo "$found"
}

into() { # from the database $1 into ours; the others stay out
  if [[ $1 == "$database" || $1 == "" ]]; then
    tool --nsInclude="$database.*" "${@:2}"
  else
    tool --nsInclude="$1.*" --nsFrom="$1.*" --nsTo="$database.*" "${@:2}"
  fi
}

head -c 4 >"$HOME/head"
case $(od -An -v -tx1 "$HOME/head" | tr -d ' \n') in
  444f4b4b)
    read -r rest version name
    [[ $rest == UPY-MONGO && $version == 1 ]] || fail "this dump has a version that is not known here: $version"
    mongosh --quiet --nodb --eval "$empty" </dev/null
    if [[ $name == "$database" ]]; then
      head -c -$((${#trailer} + 1)) | tool --db="$database" --restoreDbUsersAndRoles
    else
      head -c -$((${#trailer} + 1)) | into "$name"
    fi
    ;;
  1f8b* | 6de29981)
    head -c 1048576 >>"$HOME/head"
    if [[ $(head -c 2 "$HOME/head" | od -An -tx1) == " 1f 8b" ]]; then
      name=$( (gzip -dc "$HOME/head" 2>/dev/null || :) | head -c 524288 | source_of)
      zipped=(--gzip)
    else
      name=$(head -c 524288 "$HOME/head" | source_of)
      zipped=()
    fi
    mongosh --quiet --nodb --eval "$empty" </dev/null
    cat "$HOME/head" - | into "$name" "${zipped[@]}"
    ;;
  *) fail "this is no archive of mongodump" ;;
esac
mongosh --quiet --nodb --eval "$secure" </dev/null
