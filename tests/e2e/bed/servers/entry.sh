# What the entry points have in common. They are written again after the contract that the official images document.
set -Eeuo pipefail

# from_file NAME [DEFAULT]: export NAME as it is, or else the content of the file that NAME_FILE names, or else DEFAULT.
from_file() {
	local name=$1 file=${1}_FILE value
	if [[ -n ${!name:-} && -n ${!file:-} ]]; then
		fail "both $name and $file are set (but are exclusive)"
	fi
	value=${!name:-}
	if [[ -z $value && -n ${!file:-} ]]; then
		value=$(<"${!file}")
	fi
	export "$name=${value:-${2:-}}"
	unset "$file"
}

fail() {
	echo "error: $*" >&2
	exit 1
}

root() {
	[[ $(id -u) == 0 ]]
}

# own USER DIRECTORY...: only what is not yet that user's, so that a large data directory costs little.
own() {
	local user=$1
	shift
	find "$@" \! -user "$user" -exec chown "$user" '{}' +
}

# among WORD CHOICE...
among() {
	local word=$1 choice
	shift
	for choice; do
		[[ $word != "$choice" ]] || return 0
	done
	return 1
}

# init_files CLIENT...: what the image's user laid into /docker-entrypoint-initdb.d, in order, SQL by the client's stdin.
init_files() {
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh)
			echo "$0: running $file"
			if [[ -x $file ]]; then "$file"; else source "$file"; fi
			;;
		*.sql) echo "$0: running $file"; "$@" <"$file" ;;
		*.sql.gz) echo "$0: running $file"; gunzip -c "$file" | "$@" ;;
		*.sql.xz) echo "$0: running $file"; xzcat "$file" | "$@" ;;
		*.sql.zst) echo "$0: running $file"; zstd -dc "$file" | "$@" ;;
		'/docker-entrypoint-initdb.d/*') ;;
		*) echo "$0: ignoring $file" ;;
		esac
	done
}
