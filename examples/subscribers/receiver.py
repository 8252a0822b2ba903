"""A receiver of deliveries that believes nothing before it is proven who sent it (Standard Webhooks).

    TASMA_WEBHOOK_SECRET=whsec_… python -m examples.subscribers.receiver 8100

The secret is the one that was shown when the subscription was made; while it changes, both with a space between them. What did not
arrive comes again, so a delivery may come twice: the same event always has the same position, its `sequence`.
"""

import base64
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS_OFF = 300
"""By which a delivery's time may be off: what somebody has recorded and sends again later is refused."""


def is_proven(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed these very bytes, lately."""
    name, at, signatures = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not at.isdecimal() or abs(time.time() - int(at)) > SECONDS_OFF:  # noqa: TID251 - a program by itself, with this clock alone
        return False
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    signed = [hmac.digest(key, f"{name}.{at}.".encode() + body, "sha256") for key in keys]
    right = [b"v1," + base64.b64encode(each) for each in signed]
    return any(hmac.compare_digest(a, b.encode()) for a in right for b in signatures.split())


class Receiver(BaseHTTPRequestHandler):
    timeout = 10
    """Seconds that a sender may be silent."""

    def do_POST(self) -> None:
        """2xx only once it is written down: anything else, and it comes again."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        proven = is_proven(headers, body, os.environ["TASMA_WEBHOOK_SECRET"].split())
        for event in json.loads(body) if proven else ():
            sys.stdout.write(f"{int(event['sequence'])} {event['type']} {event['id']}\n")
        sys.stdout.flush()
        self.send_response(204 if proven else 401)
        self.end_headers()


def main(arguments: Sequence[str] | None = None) -> int:
    port, *_ = [*(sys.argv[1:] if arguments is None else arguments), "8100"]
    if not os.environ.get("TASMA_WEBHOOK_SECRET", "").strip():
        sys.stderr.write("Set TASMA_WEBHOOK_SECRET to the secret that was shown when the subscription was made.\n")
        return 1
    with ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver) as server:
        sys.stderr.write(f"Receiving at http://127.0.0.1:{server.server_port}/\n")
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
