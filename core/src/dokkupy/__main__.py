"""`python -m dokkupy` is `dokkupy`."""

from dokkupy.cli.main import run

run()
