"""A proxy between a subscriber and the server that changes what it passes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import httpx

PASSED_ON = ("Authorization", "Last-Event-ID")


class Answer(NamedTuple):
    status: int
    content: bytes
    headers: dict[str, str]


Forge = Callable[[str, Callable[[], Answer]], Answer]
"""Of a path with its query, and what asks the server, the answer to give."""


@contextmanager
def forging(upstream: str, forge: Forge) -> Iterator[str]:
    """The address of the proxy."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name: value for name in PASSED_ON if (value := self.headers.get(name))}
            status, content, sent = forge(self.path, lambda: asked(client, self.path, headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **sent}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    with httpx.Client(base_url=upstream, timeout=60) as client, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}"
        finally:
            proxy.shutdown()
            thread.join()


def asked(client: httpx.Client, path: str, headers: dict[str, str]) -> Answer:
    true = client.get(path, headers={**headers, "Accept-Encoding": "identity"})
    kept = {k: v for k, v in true.headers.items() if k in ("tasma-position", "content-type", "retry-after")}
    return Answer(true.status_code, true.content, kept)
