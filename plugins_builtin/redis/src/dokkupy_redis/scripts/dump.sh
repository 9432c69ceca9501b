# Writes users and content to standard output (see rdb.py). The content is of one moment: the server forks for it.
users=$(admin -e ACL LIST)
echo 'DOKKUPY-REDIS 1'
printf '%s\n' "$users" | grep -v -e '^user default ' -e '^user dokkupy ' || :
echo RDB
admin --rdb -
echo 'DOKKUPY-REDIS END'
