"""Source trees for the tests of buildpacks."""

from __future__ import annotations

FLASK: dict[str, object] = {"requirements.txt": "flask\ngunicorn\n", "app.py": "app = Flask(__name__)\n"}
DJANGO: dict[str, object] = {"requirements.txt": "django\ngunicorn\n", "manage.py": "", "blog/wsgi.py": ""}

PYTHON_URL = "https://github.com/heroku/heroku-buildpack-python.git"
