"""application.py TIMEOUT: serves the socket that is inherited as descriptor 3; SIGTERM ends it when requests are answered."""

import asyncio
import logging
import socket
import sys

from aiohttp import web

TIMEOUT = float(sys.argv[1]) if len(sys.argv) > 1 else 60
LOGGER = logging.getLogger("{{name}}")


class RequestLogger(logging.LoggerAdapter):
    """Says with each message which request it is about."""

    def process(self, msg, kwargs):
        return f"{msg} (request {self.extra['request_id']})", kwargs


@web.middleware
async def log_middleware(request, handler):
    request["logger"] = RequestLogger(LOGGER, {"request_id": request.headers.get("X-Request-Id", "-")})
    try:
        return await handler(request)
    except (web.HTTPException, asyncio.CancelledError):
        raise
    except Exception:
        request["logger"].exception("%s %s failed", request.method, request.path)
        return web.Response(status=500, text="HTTP/500")


@web.middleware
async def timeout_middleware(request, handler):
    try:
        return await asyncio.wait_for(handler(request), TIMEOUT)
    except asyncio.TimeoutError:
        request["logger"].error("%s %s took more than %s s", request.method, request.path, TIMEOUT)
        return web.Response(status=504, text="HTTP/504")


async def handle(request):
    """The whole URL is in request.path, the plugin's prefix included."""
    request["logger"].debug("saying hello")
    return web.Response(text="Hello World from aiohttp app\n")


def make_app():
    app = web.Application(middlewares=[log_middleware, timeout_middleware])
    app.router.add_route("*", "/{tail:.*}", handle)
    return app


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s [%(levelname)s] (%(name)s#%(process)d) %(message)s")
    web.run_app(make_app(), sock=socket.socket(fileno=3), access_log=None, print=None, shutdown_timeout=TIMEOUT)
