# The container's command; the words behind it are settings of rabbitmq.conf.
definitions=/run/dokkupy/definitions.json imported=/var/lib/rabbitmq/.dokkupy-definitions.json
cookie=/var/lib/rabbitmq/.erlang.cookie
if [ ! -s "$cookie" ]; then
  # Who knows the cookie administers the server, and the one that Erlang would make has 36 bits. Made before any program
  # asks for it: the command line tools, which run as root, would make one that the server cannot read.
  (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$cookie.new")
  chown rabbitmq: "$cookie.new"
  chmod 400 "$cookie.new"
  mv "$cookie.new" "$cookie"
fi
{
  cat /run/dokkupy/rabbitmq.conf
  # What an administrator changes later stays, unless the file says something else than it did when it was imported.
  if [[ $(cat "$imported" 2>/dev/null) != "$(<"$definitions")" ]]; then
    printf '%s\n' 'definitions.import_backend = local_filesystem' "definitions.local.path = $definitions"
  fi
  for word; do
    case $word in
      *=*) word=${word#--} && printf '%s = %s\n' "${word%%=*}" "${word#*=}" ;;
      *) echo "$word is no setting: config options of RabbitMQ are KEY=VALUE, as in rabbitmq.conf" >&2 && exit 64 ;;
    esac
  done
} >/etc/rabbitmq/conf.d/90-dokkupy.conf
chmod 644 /etc/rabbitmq/conf.d/90-dokkupy.conf
exec docker-entrypoint.sh rabbitmq-server
