"""application.py TIMEOUT: serves the socket that is inherited as descriptor 3; SIGTERM ends it when requests are answered."""

import asyncio
import logging
import signal
import socket
import sys

import tornado.httpserver
import tornado.web

TIMEOUT = float(sys.argv[1]) if len(sys.argv) > 1 else 60


class MainHandler(tornado.web.RequestHandler):
    def get(self):
        """The whole URL is in self.request.path, the plugin's prefix included."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.write("Hello, world\n")


def make_app():
    return tornado.web.Application([(r"/.*", MainHandler)])


async def main():
    server = tornado.httpserver.HTTPServer(make_app(), idle_connection_timeout=3600)
    inherited = socket.socket(fileno=3)
    inherited.setblocking(False)
    server.add_socket(inherited)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    # Takes nothing new, and ends the idle connections; the others when they are answered.
    server.stop()
    try:
        await asyncio.wait_for(server.close_all_connections(), TIMEOUT)
    except asyncio.TimeoutError:
        logging.error("requests were not answered within %s s", TIMEOUT)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s [%(levelname)s] (%(name)s#%(process)d) %(message)s")
    asyncio.run(main())
