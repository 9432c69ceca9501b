# Fronts for the scripts; they hold the knowledge.
.PHONY: check test fast host host-down bench bench-builders install demo uninstall
check:
	./test.sh --check
test:
	./test.sh
fast:
	./test.sh --fast
host: .venv/stamp
	.venv/bin/python tests/e2e/machine.py up
host-down: .venv/stamp
	.venv/bin/python tests/e2e/machine.py down
bench: .venv/stamp
	.venv/bin/python -m pytest tests/bench/test_bench.py -s
bench-builders: .venv/stamp
	.venv/bin/python -m pytest tests/bench/test_builders.py -s
.venv/stamp:
	./test.sh --check
install:
	./install.sh --yes
demo:
	./install.sh --demo --yes
uninstall:
	./install.sh --uninstall
