"""Java: Maven and Gradle, by the project's wrapper or Debian's Maven."""

from __future__ import annotations

import re

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted
from dokkupy_sdk.errors import AppError

TOOLCHAIN = Toolchain(
    "java",
    official="eclipse-temurin",
    debian={"bookworm": "17", "trixie": "21"},
    build_packages=("ca-certificates", "git", "maven", "unzip"),
    # Fonts, because AWT draws pictures, PDF and Excel files and fails without any font.
    run_packages=("ca-certificates", "fontconfig", "fonts-dejavu-core", "libfreetype6"),
    suite_packages={"bookworm": ("openjdk-17-jdk-headless",), "trixie": ("openjdk-21-jdk-headless",)},
    suite_run_packages={"bookworm": ("openjdk-17-jre-headless",), "trixie": ("openjdk-21-jre-headless",)},
    build_variants=("-jdk",),
    run_variants=("-jre", "-jdk"),
)

CACHES = ("/root/.m2", "/root/.gradle")

TRUST = """\
if [ -f /run/secrets/dokkupy-ca ]; then
trust=/root/.m2/dokkupy-trust-$(sha256sum </run/secrets/dokkupy-ca | cut -c 1-16).p12
if [ ! -f "$trust" ]; then
cat >/tmp/Trust.java <<'END'
import java.io.*; import java.security.KeyStore; import java.security.cert.*;
public class Trust { public static void main(String[] a) throws Exception {
  KeyStore store = KeyStore.getInstance("PKCS12"); store.load(null, null); int n = 0;
  for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(new FileInputStream(a[0])))
    store.setCertificateEntry("ca" + n++, one);
  try (OutputStream out = new FileOutputStream(a[1])) { store.store(out, "changeit".toCharArray()); } } }
END
mkdir -p /root/.m2
java /tmp/Trust.java /run/secrets/dokkupy-ca "$trust.new"
mv "$trust.new" "$trust"
fi
export JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=$trust -Djavax.net.ssl.trustStorePassword=changeit"
fi
"""
"""Convert the certificates of builds to a trust store, because Java cannot read PEM. The app's cache keeps it for the
next build."""

MAVEN_SETTINGS = """\
settings=
if [ -n "${http_proxy:-}${https_proxy:-}${MAVEN_MIRROR_URL:-}" ]; then
  settings="-gs /dev/shm/settings.xml"
  xml() { printf %s "$1" | sed 's/&/\\&amp;/g; s/</\\&lt;/g'; }
  plain() { printf %s "$1" | perl -pe 's/%([0-9A-Fa-f]{2})/chr hex $1/ge'; }
  proxy() {
    [ -n "$2" ] || return 0
    place=${2#*://}; place=${place%%/*}; login=
    case $place in *@*) login=${place%@*}; place=${place##*@} ;; esac
    port=80; case $place in *:*) port=${place##*:} ;; esac
    echo "<proxy><id>$1</id><active>true</active><protocol>$1</protocol><host>${place%%:*}</host><port>$port</port>"
    if [ -n "$login" ]; then
      echo "<username>$(xml "$(plain "${login%%:*}")")</username><password>$(xml "$(plain "${login#*:}")")</password>"
    fi
    hosts=$(printf %s "${no_proxy:-}" | sed 's/ //g; s/^[.]/*./; s/,[.]/,*./g; s/,/|/g')
    echo "<nonProxyHosts>$(xml "$hosts")</nonProxyHosts></proxy>"
  }
  {
    echo "<settings><proxies>"; proxy http "${http_proxy:-}"; proxy https "${https_proxy:-}"; echo "</proxies>"
    if [ -n "${MAVEN_MIRROR_URL:-}" ]; then
      echo "<mirrors><mirror><id>mirror</id><mirrorOf>*</mirrorOf><url>$(xml "$MAVEN_MIRROR_URL")</url></mirror></mirrors>"
    fi
    echo "</settings>"
  } >/dev/shm/settings.xml
fi
"""
"""Write Maven's proxies and mirror to a settings file, because Maven does not read variables for them. The file is only
in memory, because it may contain a password (https://maven.apache.org/settings.html)."""

QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""JVM options for Maven itself. It exits too early to benefit from the slower, optimizing compiler."""


class Java(Language):
    name = "java"
    toolchain = TOOLCHAIN
    steering = ("MAVEN_SETTINGS_PATH", "MAVEN_CUSTOM_OPTS", "MAVEN_CUSTOM_GOALS", "GRADLE_TASK")

    def detect(self, tree: Tree) -> int:
        if tree.has("pom.xml"):
            return 90
        return 89 if any(tree.has(name) for name in ("build.gradle", "build.gradle.kts", "gradlew")) else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        maven = tree.has("pom.xml")
        if maven:
            program = "sh ./mvnw" if tree.has("mvnw") and tree.has(".mvn/wrapper/maven-wrapper.properties") else "mvn"
            options = words(context.values.get("MAVEN_CUSTOM_OPTS", "-DskipTests"), "MAVEN_CUSTOM_OPTS")
            goals = words(context.values.get("MAVEN_CUSTOM_GOALS", "clean package"), "MAVEN_CUSTOM_GOALS")
            command = f"{program} -B -q $settings{own_settings(tree, context)} {options} {goals}"
            before = TRUST + MAVEN_SETTINGS
            output = "target"
        else:
            if not tree.has("gradlew"):
                raise AppError(
                    "build.gradle without a wrapper: Debian's Gradle is too old for today's projects",
                    hint="Run `gradle wrapper` and commit gradlew and gradle/wrapper.",
                )
            task = words(context.values.get("GRADLE_TASK", "bootJar" if spring(tree) else "build"), "GRADLE_TASK")
            command = f"sh ./gradlew --no-daemon {task} -x test"
            before = TRUST
            output = "build/libs"
        title = f"{'Maven' if maven else 'Gradle'}: {goals if maven else task}"
        script = before + command + "\n"
        finish = f"rm -rf /out; mkdir /out; cp -R . /out/; rm -rf /out/{output}/classes /out/{output}/test-classes /out/.gradle"
        return Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            wanted=wanted(tree),
            stages=(Stage("app", (Step(script + finish, (".",), CACHES, config=True, title=title),)),),
            copies=(Copy("app", "/out", "/app"),),
            env={
                "LANG": "C.UTF-8",
                "PATH": "/opt/java/openjdk/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
            },
            build_env={"HOME": "/root", "MAVEN_OPTS": QUICK},
            processes={} if context.procfile else {"web": default_web(output)},
            warnings=("Built by Maven; build.gradle is ignored. Remove the file that you do not use",)
            if maven and (tree.has("build.gradle") or tree.has("build.gradle.kts"))
            else (),
            remarks=("Built by " + command.split(" -")[0],),
        )


def own_settings(tree: Tree, context: Context) -> str:
    """The option for the app's own settings.xml (devcenter.heroku.com/articles/using-a-custom-maven-settings-xml). It
    overrides ours, and may refer to variables as `${env.NAME}`."""
    path = words(context.values.get("MAVEN_SETTINGS_PATH", "settings.xml"), "MAVEN_SETTINGS_PATH")
    if tree.has(path):
        return f" -s {path}"
    if "MAVEN_SETTINGS_PATH" in context.values:
        raise AppError(
            f"MAVEN_SETTINGS_PATH names {path}, which is not in the source",
            hint="Add the file, or unset the variable: config:unset APP MAVEN_SETTINGS_PATH, or as an admin for all apps: "
            "config:unset --global MAVEN_SETTINGS_PATH",
        )
    return ""


def words(text: str, name: str) -> str:
    if not re.fullmatch(r"[\w.,:=/ @-]*", text):
        raise AppError(f"{name} has characters that goals and options cannot have: {text[:60]!r}")
    return text


def spring(tree: Tree) -> bool:
    return any("org.springframework.boot" in (tree.text(name) or "") for name in ("build.gradle", "build.gradle.kts"))


def default_web(output: str) -> str:
    """Run the built jar: the one that is neither sources nor documentation nor the original before repackaging."""
    pick = rf"$(ls /app/{output}/*.jar | grep -vE '(-sources|-javadoc|-plain|/original-[^/]*)\.jar$' | head -n 1)"
    return f"java $JAVA_OPTS -Dserver.port=${{PORT:-5000}} -jar {pick}"


def wanted(tree: Tree) -> Wanted:
    text, origin = "", ""
    properties = re.search(
        r"(?m)^\s*java\.runtime\.version\s*=\s*(?:[a-z]+-)?(\d+)", tree.text("system.properties") or ""
    )
    if properties:
        text, origin = properties[1], "system.properties"
    else:
        pom = tree.text("pom.xml") or ""
        found = re.search(
            r"<(?:java\.version|maven\.compiler\.release|maven\.compiler\.source|release)>\s*(?:1\.)?(\d+)\s*<", pom
        )
        if found is None:
            gradle = (tree.text("build.gradle") or "") + (tree.text("build.gradle.kts") or "")
            found = re.search(r"JavaLanguageVersion\.of\((\d+)\)", gradle)
        if found:
            text, origin = found[1], "pom.xml" if pom else "build.gradle"
    if not text:
        return Wanted(tags=("17", "21"))
    least = int(text)
    exact = origin == "system.properties"

    def accepts(version: str) -> bool:
        major = int(version.split(".")[0])
        return major == least if exact else major >= least

    return Wanted(text if exact else f">={text}", origin, accepts, (text,))
