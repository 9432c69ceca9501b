# mypy: ignore-errors
"""Request one page by HTTP/3, like a browser that knows of it, and print the answer as JSON.

It runs on the machine under test, on which aioquic is installed: http3_client.py ADDRESS NAME HOST AUTHORITY.
"""

import asyncio
import json
import sys

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.http = H3Connection(self._quic)
        self.headers, self.body = {}, b""
        self.done = asyncio.get_running_loop().create_future()

    def quic_event_received(self, event):
        for one in self.http.handle_event(event):
            if isinstance(one, HeadersReceived):
                self.headers |= {key.decode(): value.decode() for key, value in one.headers}
            elif isinstance(one, DataReceived):
                self.body += one.data
            if getattr(one, "stream_ended", False) and not self.done.done():
                self.done.set_result(None)

    async def get(self, host):
        head = {":method": "GET", ":scheme": "https", ":authority": host, ":path": "/"}
        stream = self._quic.get_next_available_stream_id()
        self.http.send_headers(stream, [(k.encode(), v.encode()) for k, v in head.items()], end_stream=True)
        self.transmit()
        await self.done


async def main(address, name, host, authority):
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=name)
    configuration.load_verify_locations(authority)
    async with connect(address, 443, configuration=configuration, create_protocol=Client) as client:
        await client.get(host)
        print(json.dumps({"headers": client.headers, "body": client.body.decode()}))


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 8))
