# Fronts for the scripts; they hold the knowledge.
# `make release VERSION=0.2.0` sets the version first.
.PHONY: check unit changed test fast release host host-down terminals bench bench-builders bench-scale site install demo uninstall
check:
	./test.sh --check
unit:
	./test.sh --quick
changed:
	./test.sh --changed
test:
	./test.sh
fast:
	./test.sh --fast
release: .venv/stamp
	.venv/bin/python release.py $(if $(VERSION),--set $(VERSION))
host: .venv/stamp
	.venv/bin/python tests/e2e/machine.py up
host-down: .venv/stamp
	.venv/bin/python tests/e2e/machine.py down
# On the machine of `make host`; tmux must be here.
terminals: .venv/stamp
	.venv/bin/python tests/e2e/terminals.py
bench: .venv/stamp
	.venv/bin/python -m pytest tests/bench/test_bench.py tests/bench/test_proxy.py -s
# APPS=200 makes as many; each takes 2 containers and about 20 MB.
bench-scale: .venv/stamp
	.venv/bin/python -m pytest tests/bench/test_scale.py -s
bench-builders: .venv/stamp
	.venv/bin/python -m pytest tests/bench/test_builders.py -s
.venv/stamp:
	./test.sh --check
site: .venv/stamp
	.venv/bin/python docs/site.py
install:
	./install.sh --yes
demo:
	./install.sh --demo --yes
uninstall:
	./install.sh --uninstall
