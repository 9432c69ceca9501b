"""An app whose dependencies are all compiled from source."""

import io

import _cffi_backend
import MySQLdb
import psycopg2
import yaml
from lxml import etree
from PIL import Image, features


def application(environ, start_response):
    Image.new("RGB", (2, 2)).save(io.BytesIO(), "JPEG")
    start_response("200 OK", [])
    loaded = _cffi_backend.__version__ and MySQLdb.get_client_info() and psycopg2.__libpq_version__
    return [f"{etree.LXML_VERSION[0]} {yaml.__with_libyaml__} {features.check('webp')} {bool(loaded)}".encode()]
