# Starts Elasticsearch with the users and roles of this service. Arguments: the server's.
config=/usr/share/elasticsearch/config
for name in users users_roles roles.yml; do
  cat "/run/dokkupy/$name" >"$config/$name"
done
# With fewer mapped files than this, Lucene fails: https://www.elastic.co/guide/en/elasticsearch/reference/8.19/vm-max-map-count.html
if [ "$(cat /proc/sys/vm/max_map_count)" -lt 262144 ]; then
  set -- -E node.store.allow_mmap=false "$@"
fi
exec /usr/local/bin/docker-entrypoint.sh elasticsearch "$@"
