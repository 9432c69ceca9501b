"""Records: a plugin's state files as types. A class for each file, which `host.store` reads and a transaction writes."""

from dokkupy.model.record import Malformed, Record, decode, encode, fields_of

__all__ = ["Malformed", "Record", "decode", "encode", "fields_of"]
