"""Real application servers behind kept-alive connections: which requests are lost, and which arrive twice.

`.venv/bin/python tests/bench/kept_servers.py [SECONDS]` starts those whose programs are here, two instances each, behind the
configuration that dokkupy writes. Clients pause about as long as nginx and the server keep idle connections, while
the proxy is switched between the instances and so reloaded. GUNICORN and UVICORN name these programs; PUMA names an image that has puma.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from plugins_builtin.nginx.tests.application_servers import ASGI, WSGI, Server, drive
from plugins_builtin.nginx.tests.conftest import Rig

NODE = """
const seen = {}; const http = require('http');
const server = http.createServer((q, r) => { const body = []; q.on('data', d => body.push(d)); q.on('end', () => {
  if (q.url === '/seen') return r.end(JSON.stringify(seen));
  const key = q.method + ' ' + q.url; seen[key] = (seen[key] || 0) + 1; r.end('ok'); }); });
if (process.argv[3]) server.keepAliveTimeout = Number(process.argv[3]);
server.on('upgrade', (q, s) => { s.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n');
  s.on('data', d => s.write(d)); s.on('error', () => {}); });
server.listen(Number(process.argv[2]), '0.0.0.0');
"""
GO = """package main
import ("encoding/json"; "io"; "net/http"; "os"; "strconv"; "sync"; "time")
func main() {
  var lock sync.Mutex
  seen := map[string]int{}
  idle, _ := strconv.Atoi(os.Args[2])
  server := http.Server{Addr: ":" + os.Args[1], IdleTimeout: time.Duration(idle) * time.Millisecond,
    Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
      io.Copy(io.Discard, r.Body)
      lock.Lock(); defer lock.Unlock()
      if r.URL.Path == "/seen" { json.NewEncoder(w).Encode(seen); return }
      seen[r.Method + " " + r.URL.Path]++
      w.Write([]byte("ok")) })}
  panic(server.ListenAndServe())
}
"""
JAVA = """
import com.sun.net.httpserver.*; import java.net.*; import java.util.*; import java.util.concurrent.*; import java.util.stream.*;
public class App { public static void main(String[] a) throws Exception {
  var seen = new ConcurrentHashMap<String, Integer>();
  var server = HttpServer.create(new InetSocketAddress(Integer.parseInt(a[0])), 128);
  server.setExecutor(Executors.newFixedThreadPool(16));
  server.createContext("/", x -> { x.getRequestBody().readAllBytes(); var path = x.getRequestURI().getPath(); var text = "ok";
    if (path.equals("/seen")) text = seen.entrySet().stream().map(e -> "\\"" + e.getKey() + "\\":" + e.getValue()).collect(Collectors.joining(",", "{", "}"));
    else seen.merge(x.getRequestMethod() + " " + path, 1, Integer::sum);
    var bytes = text.getBytes(); x.sendResponseHeaders(200, x.getRequestMethod().equals("HEAD") ? -1 : bytes.length);
    try (var out = x.getResponseBody()) { out.write(bytes); } });
  server.start(); } }
"""
RACK = """
require 'json'
$seen, $lock = Hash.new(0), Mutex.new
run(lambda do |env|
  env['rack.input'].read
  body = $lock.synchronize do
    if env['PATH_INFO'] == '/seen' then $seen.to_json else $seen[env['REQUEST_METHOD'] + ' ' + env['PATH_INFO']] += 1; 'ok' end
  end
  [200, {'content-length' => body.bytesize.to_s}, [body]]
end)
"""


def available(folder: Path) -> list[Server]:
    (folder / "app.js").write_text(NODE)
    (folder / "main.go").write_text(GO)
    (folder / "App.java").write_text(JAVA)
    (folder / "sync.py").write_text(WSGI)
    (folder / "asyncapp.py").write_text(ASGI)
    (folder / "config.ru").write_text(RACK)
    (folder / "puma.rb").write_text("persistent_timeout 1\n")
    found = []
    if shutil.which("node"):
        found.append(Server("node", 5, ["node", "app.js", "{port}"], upgrades=True))
        found.append(Server("node, 1 s", 1, ["node", "app.js", "{port}", "1000"], upgrades=True))
    if shutil.which("go"):
        subprocess.run(["go", "build", "-o", "goapp", "main.go"], cwd=folder, check=True)
        found.append(Server("go, 1 s", 1, ["./goapp", "{port}", "1000"]))
        found.append(Server("go, 2 s", 2, ["./goapp", "{port}", "2000"]))
    if shutil.which("javac"):
        subprocess.run(["javac", "App.java"], cwd=folder, check=True)
        found.append(Server("java", 30, ["java", "-Xmx64m", "App", "{port}"]))
        one = ["java", "-Xmx64m", "-Dsun.net.httpserver.idleInterval=1", "App", "{port}"]
        found.append(Server("java, 1 s", 1, one))
    if gunicorn := os.environ.get("GUNICORN") or shutil.which("gunicorn"):
        bind = [gunicorn, "sync:app", "-b", "0.0.0.0:{port}"]
        found.append(Server("gunicorn, sync", 0, bind))
        found.append(Server("gunicorn, threads", 2, [*bind, "--threads", "8"]))
        found.append(Server("gunicorn, threads, 1 s", 1, [*bind, "--threads", "8", "--keep-alive", "1"]))
    if uvicorn := os.environ.get("UVICORN") or shutil.which("uvicorn"):
        bind = [uvicorn, "asyncapp:app", "--host", "0.0.0.0", "--port", "{port}"]
        found.append(Server("uvicorn", 5, bind))
        found.append(Server("uvicorn, 1 s", 1, [*bind, "--timeout-keep-alive", "1"]))
    if image := os.environ.get("PUMA"):
        run = ["docker", "run", "--rm", "--init", "--network", "host", "-v", "{dir}:/app:ro", "-w", "/app", image]
        puma = [*run, "puma", "-b", "tcp://0.0.0.0:{port}", "config.ru"]
        found.append(Server("puma", 20, puma))
        found.append(Server("puma, 1 s", 1, [*puma[:-1], "-C", "puma.rb", "config.ru"]))
    return found


def main(seconds: float) -> int:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        folder = Path(directory)
        (folder / "rig").mkdir()
        rig, servers = Rig(folder / "rig"), available(folder)
        try:
            for server in servers:
                server.start(folder)
            for server in servers:
                server.wait()
            rig.proxy.ensure_tree()
            rig.start()
            switches = drive(rig, servers, seconds)
            bad = 0
            for server in servers:
                twice = server.twice()
                bad += server.lost() + twice["POST"]
                print(
                    f"{server.name:24} {sum(server.statuses.values()):6} requests, {server.lost()} lost, "
                    f"sent again: {dict(twice) or 0}; {dict(server.statuses)} {dict(server.echoes) or ''}"
                )
            print(f"{switches} switches and reloads")
            return 1 if bad else 0
        finally:
            for server in servers:
                server.stop()
            rig.close()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else 20))
