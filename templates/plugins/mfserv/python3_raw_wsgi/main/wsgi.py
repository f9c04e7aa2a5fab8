def application(environ, start_response):
    """The whole URL is in environ["PATH_INFO"], the plugin's prefix included."""
    body = b"Hello World!\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
