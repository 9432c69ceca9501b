"""Variables that configure Dokku, and the commands that replace them here: pattern (matches the whole name) ->
command."""

from __future__ import annotations

VARIABLES = {
    r"DOKKU_APP_RESTORE": "ps:set APP restore VALUE",
    r"DOKKU_APP_TYPE": "builder:set APP selected NAME",
    r"DOKKU_DISABLE_PROXY": "proxy:disable APP",
    r"DOKKU_START_CMD": "ps:set APP start-cmd COMMAND",
    r"DOKKU_DOCKERFILE_START_CMD": "ps:set APP dockerfile-start-cmd COMMAND",
    r"DOKKU_DOCKERFILE_PORTS": "ports:set APP SCHEME:HOST_PORT:CONTAINER_PORT",
    r"DOKKU_DOCKER_STOP_TIMEOUT": "ps:set APP stop-timeout-seconds SECONDS",
    r"DOKKU_PROXY_PORT_MAP": "ports:set APP SCHEME:HOST_PORT:CONTAINER_PORT",
    r"DOKKU_PROXY_PORT": "proxy:set APP proxy-port PORT",
    r"DOKKU_PROXY_SSL_PORT": "proxy:set APP proxy-ssl-port PORT",
    r"DOKKU_PROXY_TYPE": "proxy:set APP type NAME",
    r"DOKKU_RESTART_POLICY": "ps:set APP restart-policy POLICY",
    r"DOKKU_RM_CONTAINER": "nothing: one-off containers are removed",
    r"DOKKU_SCALE": "ps:scale APP TYPE=COUNT",
    r"DOKKU_SKIP_CLEANUP": "builder:set APP skip-cleanup true",
    r"DOKKU_SKIP_DEPLOY": "ps:set APP skip-deploy true",
    r"NO_VHOST": "domains:disable APP",
}
