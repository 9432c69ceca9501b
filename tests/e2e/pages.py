"""The pages that test_pages.py types, in their order, with what their reader has and what this place does not have."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Page:
    """One page.

    start: the folder of the laptop in which its reader is. laptop, server: scripts that lay down what the page says its reader has;
    the server's runs first. before: scripts for the server, by the beginning of the line that they come before. after: puts the
    server back. elsewhere: lines that are not typed, by their beginning, with the reason and the test that does the same on a
    stand-in. thorough: why only `./test.sh --thorough` types the page.
    """

    path: str
    start: str = "/root/blog"
    laptop: str = ""
    server: str = ""
    before: dict[str, str] = field(default_factory=dict)
    after: str = ""
    elsewhere: dict[str, str] = field(default_factory=dict)
    thorough: str = ""


#: A repository of the reader's own, whose app.json fixes nothing.
REPOSITORY = """
scp -q -r root@your-server:dokkupy/examples/apps/hello /root/blog.new
rm -rf /root/blog && mv /root/blog.new /root/blog
cd /root/blog && rm app.json
git init -q && git add . && git commit -q -m mine
"""
HEROKU = """
printf "DATABASE_URL='postgres://old'\\nHEROKU_APP_ID='1'\\nGREETING='Good evening'\\n" >/root/blog/blog.env
scp -q root@your-server:db.dump /root/blog/blog.dump
cd /root/blog && git remote remove dokku
"""
NO_DB = "dokkupy postgres:destroy db --force --purge"
NO_BLOG = f"dokkupy apps:destroy blog --force; {NO_DB}"
MONOREPO = """
mkdir -p /root/repository && cd /root/repository
for app in shop api; do cp -r /root/blog $app && rm -rf $app/.git; done
git init -q && git add . && git commit -q -m both
"""
CERTIFICATE = """
cd /root/blog
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=blog.apps.example.com \
  -addext subjectAltName=DNS:blog.apps.example.com -keyout server.key -out server.crt 2>/dev/null
"""
NO_AUTHORITY = "an authority has to reach the name; test_letsencrypt.py has one"
PLUGIN = "needs Python and no server; tests/docs/test_first_plugin.py types it"
NO_TARGET = "nobody answers there; plugins_builtin/backups/tests has such targets"
PAGES = (
    Page("docs/tutorial/first-app.md", "/root", after="dokkupy ssh-keys:remove me"),
    Page(
        "README.md",
        laptop=REPOSITORY,
        after="dokkupy backups:unschedule postgres:db && dokkupy backups:target-remove disk && rm -r /mnt/backups",
    ),
    Page(
        "docs/how-to/from-your-own-machine.md",
        elsewhere={
            "pipx install": "the client is on an index, which the laptop does not have; test_client.py types it",
            "dokku ": "the client, as above",
        },
    ),
    Page("docs/how-to/dns.md", after="dokkupy redirect:unset blog example.com; dokkupy domains:reset blog"),
    Page(
        "docs/how-to/ci.md",
        laptop="cd /root/blog && git commit -q --allow-empty -m 'for the job to deploy'",
        elsewhere={"ssh -i ~/.ssh/dokku": "registry.example.com is nobody's; test_registry.py has a registry"},
        after="dokkupy ssh-keys:remove ci",
    ),
    Page("docs/how-to/monorepo.md", "/root/repository", laptop=MONOREPO),
    Page(
        "docs/how-to/teams.md",
        server="for one in ann ben; do ssh-keygen -q -t ed25519 -N '' -f $one; done",
        after="for one in ann ben; do dokkupy ssh-keys:remove $one; done; rm ann* ben*",
    ),
    Page(
        "docs/how-to/notifications.md",
        thorough="half a minute of installing; test_example_plugins.py installs the same plugin and has a receiver",
        elsewhere={"dokkupy webhook:test": "hooks.example.com is nobody's; test_example_plugins.py has a receiver"},
        after="dokkupy plugin:uninstall webhook",
    ),
    Page("docs/how-to/upgrade.md"),
    Page("docs/how-to/troubleshooting.md"),
    Page("docs/how-to/restrict-ssh-keys.md", server="ssh-keygen -q -t ed25519 -N '' -f ci", after="rm ci ci.pub"),
    Page("docs/how-to/recover.md"),
    Page("docs/how-to/logs.md", after="for scope in blog --global; do dokkupy logs:set $scope vector-sink; done"),
    Page("docs/how-to/crashes.md", after="dokkupy ps:set blog restore; dokkupy ps:set blog rollback-on-crash"),
    Page("docs/how-to/scheduled-tasks.md"),
    Page(
        "docs/how-to/maintenance-and-passwords.md",
        laptop="cd /root/blog && echo closed >maintenance.html && echo picture >logo.png",
        server="echo correct-horse >password.txt",
        after="rm password.txt; dokkupy domains:remove blog example.com www.example.com",
    ),
    Page("docs/how-to/networks.md"),
    Page("docs/how-to/ports.md", server="for app in mail game; do dokkupy apps:create $app; done"),
    Page(
        "docs/how-to/nginx.md",
        after="rm /etc/nginx/conf.d/real-ip.conf; dokkupy nginx:reload; dokkupy nginx:set blog x-forwarded-proto-value",
    ),
    Page("docs/how-to/storage.md", after="dokkupy storage:annotations:set uploads backup-command"),
    Page("docs/how-to/disk.md"),
    Page("docs/how-to/build-without-a-dockerfile.md", after="dokkupy builder:set blog selected"),
    Page("docs/how-to/bring-a-language.md"),
    Page(
        "docs/how-to/private-registries.md",
        server="echo certificate >ca.crt",
        elsewhere={'echo "$TOKEN"': "nobody here has an account at ghcr.io; test_registry.py has a registry"},
        after="rm ca.crt; dokkupy registry:set shop push-on-release",
    ),
    Page(
        "docs/how-to/https.md",
        laptop=CERTIFICATE,
        elsewhere={"dokkupy letsencrypt:enable": NO_AUTHORITY},
        after="dokkupy certs:remove blog",
    ),
    Page(
        "docs/how-to/databases.md",
        thorough="a minute of starting servers; test_datastores.py and plugins_builtin/postgres/tests do the same",
        server="docker save -o postgres-17.tar postgres:17; echo postgres://me:secret@192.0.2.7/big >url.txt;"
        " dokkupy postgres:unlink db blog; dokkupy postgres:destroy db --force --purge",
        elsewhere={
            "dokkupy postgres:create gis": "an image of Docker Hub, which cannot be had here",
            "socat ": "the laptop has neither socat nor psql; test_client.py has a tunnel",
            "psql ": "as above",
        },
        after="dokkupy services:unlink bigdb blog; dokkupy postgres:destroy main-db --force --purge; rm postgres-17.tar",
    ),
    Page(
        "docs/how-to/backups.md",
        thorough="most of a minute of starting servers; plugins_builtin/backups/tests and test_rebuild_host.py do the same",
        server="dokkupy postgres:exists db || dokkupy postgres:create db",
        elsewhere={
            "dokkupy backups:target-add offsite": NO_TARGET,
            "dokkupy backups:target-add nas": NO_TARGET,
            "dokkupy backups:restore host": "on a new machine; test_rebuild_host.py has two",
        },
    ),
    Page("docs/how-to/dry-run.md", server=NO_BLOG, laptop="cd /root/blog && git push -q dokku main 2>/dev/null"),
    Page("docs/how-to/output.md", server="dokkupy ps:scale blog web=1 worker=0"),
    Page(
        "docs/how-to/move-from-dokku.md",
        server="dokkupy postgres:create db && dokkupy postgres:link db blog",
        # This host is the old one as well, until the new one begins.
        before={"dokkupy apps:create blog": "dokkupy apps:destroy blog --force", "dokkupy postgres:create db": NO_DB},
    ),
    Page(
        "docs/how-to/move-from-heroku.md",
        server=NO_BLOG,
        laptop=HEROKU,
        elsewhere={"heroku ": "Heroku's own program; the reader has the two files that it writes"},
    ),
    Page(
        "docs/tutorial/first-plugin.md",
        "/root",
        thorough="half a minute of installing; test_example_plugins.py installs plugins in the same way",
        server="dokkupy plugin:new greeter",
        elsewhere={"python3 -m venv": PLUGIN, "plugin-env/bin": PLUGIN},
    ),
)
#: Typed by test_install.py, which has a server to spare.
UNINSTALL = Page("docs/how-to/uninstall.md", "/root")
