"""What a distribution says of itself. Without the registry, because help loads little."""

from __future__ import annotations

import os


def summary(directory: str) -> str:
    """The one-line summary of a distribution, for help and `plugin:list`."""
    try:
        with open(os.path.join(directory, "METADATA"), encoding="utf-8") as file:
            for line in file:
                if line.startswith("Summary:"):
                    return line.partition(":")[2].strip()
                if line in ("\n", "\r\n"):
                    break
    except OSError:
        pass
    return ""
