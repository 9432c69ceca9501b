#!/bin/bash
# MariaDB, and MariaDB in the place of MySQL ($STANDS_FOR=mysql: its names of programs and variables).
# Contract: https://github.com/MariaDB/mariadb-docker, https://github.com/docker-library/mysql
source /usr/local/lib/entry.sh

SERVER=mariadbd
if [[ ${STANDS_FOR:-} == mysql ]]; then
	SERVER=mysqld
fi
DATA=/var/lib/mysql
SOCKET=/run/mysqld/mysqld.sock
#: What mariadb-install-db and the time zones made when the image was built: the same files, in 0.1 s.
NEW=/usr/local/share/mariadb-new.tar.zst

if [[ ${1:-} == -* ]]; then
	set -- "$SERVER" "$@"
fi
# The official MariaDB image takes the old name, too.
if [[ ${1:-} == mysqld && $SERVER == mariadbd ]]; then
	set -- mariadbd "${@:2}"
fi

only_asks() {
	local word
	for word; do
		among "$word" '-?' --help --print-defaults -V --version && return 0
	done
	return 1
}

# setting NAME [DEFAULT]: both MYSQL_NAME and MARIADB_NAME, from either or from the file of either.
setting() {
	local mysql=MYSQL_$1 maria=MARIADB_$1
	if [[ $SERVER == mysqld ]]; then
		from_file "$mysql" "${2:-}"
		export "$maria=${!mysql}"
	else
		from_file "$mysql"
		from_file "$maria" "${!mysql:-${2:-}}"
		export "$mysql=${!maria}"
	fi
}

# quoted TEXT: as an SQL string literal.
quoted() {
	local text=${1//\\/\\\\}
	text=${text//$'\n'/\\n}
	printf "'%s'" "${text//\'/\\\'}"
}

client() {
	# The client's program of either name.
	"$(command -v mariadb || command -v mysql)" --protocol=socket --socket="$SOCKET" -uroot -hlocalhost "$@"
}

# sql OPTION...: as root, with the password once it is set, in the user's database.
sql() {
	MYSQL_PWD=$ROOT_PASSWORD_NOW client ${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"} "$@"
}

temporary_server() {
	"$@" --skip-networking --default-time-zone=SYSTEM --socket="$SOCKET" --wsrep_on=OFF --expire-logs-days=0 \
		--loose-innodb_buffer_pool_load_at_startup=0 &
	TEMPORARY=$!
	local tries
	for ((tries = 0; tries < 600; tries++)); do
		if sql --database=mysql <<<'SELECT 1' &>/dev/null; then
			return
		fi
		kill -0 "$TEMPORARY" 2>/dev/null || break
		sleep 0.05
	done
	fail "Unable to start server."
}

stop_temporary_server() {
	kill "$TEMPORARY"
	wait "$TEMPORARY"
}

# Whether the data that the image has will do: with options that may shape it, it is made now. (Not for MySQL, which has
# another way to make it that nothing here can follow.)
plain() {
	[[ $SERVER == mariadbd ]] || return 0
	[[ $# == 1 && -f $NEW ]] || return 1
	! compgen -G '/etc/mysql/conf.d/*.cnf' >/dev/null
}

initialise() {
	if [[ -z $MARIADB_ROOT_PASSWORD && -z $MARIADB_ALLOW_EMPTY_ROOT_PASSWORD && -z $MARIADB_RANDOM_ROOT_PASSWORD ]]; then
		fail "Database is uninitialized and password option is not specified: set ${SERVER%d}_ROOT_PASSWORD, ..._ALLOW_EMPTY_ROOT_PASSWORD or ..._RANDOM_ROOT_PASSWORD"
	fi
	if [[ $MYSQL_USER == root ]]; then
		fail "MYSQL_USER=\"root\" cannot be used for the root user"
	fi
	if plain "$@"; then
		zstd -dcq "$NEW" | tar -C "$DATA" --no-same-owner --no-overwrite-dir -x
	else
		mariadb-install-db --datadir="$DATA" --rpm --auth-root-authentication-method=normal --skip-test-db \
			--default-time-zone=SYSTEM --skip-log-bin "${@:2}"
	fi
	ROOT_PASSWORD_NOW=''
	temporary_server "$@"
	if ! plain "$@" && [[ -z ${MARIADB_INITDB_SKIP_TZINFO:-} ]]; then
		mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>/dev/null | sql --database=mysql
	fi
	if [[ -n $MARIADB_RANDOM_ROOT_PASSWORD ]]; then
		MARIADB_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
		export MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD=$MARIADB_ROOT_PASSWORD
		echo "GENERATED ROOT PASSWORD: $MARIADB_ROOT_PASSWORD"
	fi
	local password user host
	password=$(quoted "$MARIADB_ROOT_PASSWORD")
	user=$(quoted "$MYSQL_USER")@\'%\'
	host=$(quoted "$MYSQL_ROOT_HOST")
	MYSQL_DATABASE='' sql --database=mysql --binary-mode <<-END
		SET autocommit = 1;
		SET @@SESSION.SQL_LOG_BIN=0;
		-- mariadb-install-db lets root in without a password from 127.0.0.1, ::1 and the name of this machine, too.
		DELETE FROM global_priv WHERE Host <> 'localhost' OR User = '';
		DELETE FROM proxies_priv WHERE Host <> 'localhost';
		FLUSH PRIVILEGES;
		$(if [[ -n $MYSQL_ROOT_HOST && $MYSQL_ROOT_HOST != localhost ]]; then
			echo "CREATE USER 'root'@$host IDENTIFIED BY $password;"
			echo "GRANT ALL ON *.* TO 'root'@$host WITH GRANT OPTION;"
		fi)
		SET PASSWORD FOR 'root'@'localhost' = PASSWORD($password);
		DROP DATABASE IF EXISTS test;
	END
	ROOT_PASSWORD_NOW=$MARIADB_ROOT_PASSWORD
	if [[ -n $MYSQL_DATABASE ]]; then
		MYSQL_DATABASE='' sql --database=mysql <<<"CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;"
	fi
	if [[ -n $MYSQL_USER && -n $MYSQL_PASSWORD ]]; then
		MYSQL_DATABASE='' sql --database=mysql --binary-mode <<<"CREATE USER $user IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");"
		if [[ -n $MYSQL_DATABASE ]]; then
			MYSQL_DATABASE='' sql --database=mysql <<<"GRANT ALL ON \`${MYSQL_DATABASE//_/\\_}\`.* TO $user;"
		fi
	fi
	init_files sql
	stop_temporary_server
	echo "${SERVER%d} init process done. Ready for start up."
}

if [[ ${1:-} == "$SERVER" ]] && ! only_asks "$@"; then
	setting ROOT_HOST %
	setting DATABASE
	setting USER
	setting PASSWORD
	setting ROOT_PASSWORD
	: "${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:=${MYSQL_ALLOW_EMPTY_PASSWORD:-}}"
	: "${MARIADB_RANDOM_ROOT_PASSWORD:=${MYSQL_RANDOM_ROOT_PASSWORD:-}}"
	mkdir -p "$DATA"
	if root; then
		own mysql "$DATA" /run/mysqld
		exec gosu mysql "$0" "$@"
	fi
	if [[ ! -d $DATA/mysql ]]; then
		initialise "$@"
	elif [[ $SERVER == mariadbd && -n ${MARIADB_AUTO_UPGRADE:-} ]]; then
		ROOT_PASSWORD_NOW=$MARIADB_ROOT_PASSWORD
		temporary_server "$@"
		MYSQL_PWD=$ROOT_PASSWORD_NOW mariadb-upgrade --socket="$SOCKET" -uroot
		stop_temporary_server
	fi
fi

exec "$@"
