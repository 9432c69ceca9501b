#!/bin/bash
# The official image's `healthcheck.sh --connect --innodb_initialized`, for what can be seen without a password: a server
# that refuses it has answered.
said=$(mariadb-admin --protocol=tcp -h127.0.0.1 -uhealthcheck ping 2>&1)
[[ $said == *alive* || $said == *'Access denied'* ]]
