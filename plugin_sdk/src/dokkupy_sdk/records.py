"""Records: typed state files of a plugin. Each file has a class, which `host.store` reads and a transaction writes."""

from dokkupy.model.record import Malformed, Record, decode, encode, fields_of

__all__ = ["Malformed", "Record", "decode", "encode", "fields_of"]
