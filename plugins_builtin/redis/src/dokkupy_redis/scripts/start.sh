# The container's command; the words behind it are further options of the server. The two users of ours are as the
# service says now, whoever else was made (ACL SETUSER, ACL SAVE) stays.
umask 077
cd /data
{
  cat /run/dokkupy/users.acl
  if [ -e users.acl ]; then grep -v -e '^user default ' -e '^user dokkupy ' users.acl || :; fi
} >users.acl.new
chown "$(stat -c %u:%g .)" users.acl.new
mv users.acl.new users.acl
umask 022
exec docker-entrypoint.sh redis-server /run/dokkupy/redis.conf "$@"
