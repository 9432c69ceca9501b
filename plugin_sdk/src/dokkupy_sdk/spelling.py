"""What a person may have meant by a name that nothing has."""

from dokkupy.model.spelling import did_you_mean, likely

__all__ = ["did_you_mean", "likely"]
