"""application.py TIMEOUT: serves the socket that is inherited as descriptor 3; SIGTERM ends it when requests are answered."""

import asyncio
import logging
import signal
import socket
import sys
import time
import weakref

import tornado.httpserver
import tornado.web

TIMEOUT = float(sys.argv[1]) if len(sys.argv) > 1 else 60


class MainHandler(tornado.web.RequestHandler):
    def get(self):
        """The whole URL is in self.request.path, the plugin's prefix included."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.write("Hello, world\n")


class Application(tornado.web.Application):
    """Knows which requests are being answered."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.requests = weakref.WeakSet()

    def get_handler_delegate(self, request, *args, **kwargs):
        self.requests.add(request)
        return super().get_handler_delegate(request, *args, **kwargs)

    def log_request(self, handler):
        self.requests.discard(handler.request)
        super().log_request(handler)


class Server(tornado.httpserver.HTTPServer):
    """Ends without cutting an answer off, which Tornado's own close_all_connections() does."""

    def initialize(self, *args, **kwargs):
        super().initialize(*args, **kwargs)
        self.streams = weakref.WeakSet()

    def handle_stream(self, stream, address):
        self.streams.add(stream)
        super().handle_stream(stream, address)

    async def drain(self, application, seconds):
        """Takes nothing new; closes each connection when it is idle, all of them after so many seconds."""
        self.stop()
        self.conn_params.no_keep_alive = True
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            # What has come by now is read, and counts as a request, before a connection is looked at.
            await asyncio.sleep(0.05)
            busy = {request.connection.stream for request in application.requests}
            for stream in list(self.streams):
                if stream not in busy and not stream.closed() and not stream.writing():
                    stream.close()
            if all(stream.closed() for stream in self.streams):
                return
        await self.close_all_connections()


def make_app():
    return Application([(r"/.*", MainHandler)])


async def main():
    application = make_app()
    server = Server(application)
    inherited = socket.socket(fileno=3)
    inherited.setblocking(False)
    server.add_socket(inherited)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    await server.drain(application, TIMEOUT)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s [%(levelname)s] (%(name)s#%(process)d) %(message)s")
    logging.getLogger("tornado.access").setLevel(logging.WARNING)
    asyncio.run(main())
