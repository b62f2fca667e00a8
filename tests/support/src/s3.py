"""An S3 server for tests: moto, with faults on demand. Prints its port; ends when its standard input does.

`PUT /_fault/<bucket>` sets the bucket's fault (JSON, see Fault in s3.rs), `DELETE` takes it back;
`GET /_requests/<bucket>` lists what was asked of the bucket.
"""

import json
import os
import socket
import sys
import threading
from collections import defaultdict

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

moto = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()
faults, requests = {}, defaultdict(list)
CODES = {403: "AccessDenied", 429: "TooManyRequests", 500: "InternalError", 503: "SlowDown"}


def answer(start_response, status, body=b""):
    start_response(f"{status} Test", [("Content-Length", str(len(body)))])
    return [body]


def control(environ, start_response, what, bucket):
    with lock:
        if what == "_requests":
            return answer(start_response, 200, "\n".join(requests[bucket]).encode())
        faults.pop(bucket, None)
        if environ["REQUEST_METHOD"] == "PUT":
            faults[bucket] = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    return answer(start_response, 200)


def due(bucket, method):
    """What is to go wrong with this request, if anything."""
    fault = faults.get(bucket)
    if fault is None or fault["method"] not in ("", method):
        return None
    if fault["skip"] > 0:
        fault["skip"] -= 1
        return None
    if fault["times"] == 0:
        return None
    fault["times"] -= 1
    return dict(fault)


def serve(environ, start_response):
    path = environ["PATH_INFO"].split("/")
    if path[1].startswith("_"):
        return control(environ, start_response, path[1], path[2])
    method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
    with lock:
        requests[path[1]].append(f"{method} {environ['PATH_INFO']}{'?' if query else ''}{query}")
        fault = due(path[1], method)
    if fault is None:
        return moto(environ, start_response)
    kind, status = fault["kind"], fault["status"]
    if kind == "forget_conditions":
        environ.pop("HTTP_IF_MATCH", None)
        environ.pop("HTTP_IF_NONE_MATCH", None)
        return moto(environ, start_response)
    if kind == "ignore_ranges":
        environ.pop("HTTP_RANGE", None)
        return moto(environ, start_response)
    if kind == "lose_answer":
        for _ in moto(environ, lambda *_: None):
            pass
    elif "CONTENT_LENGTH" in environ:
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
    if kind == "hang":
        threading.Event().wait(60)
    if kind == "break":
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    error = f"<Error><Code>{CODES[status]}</Code><Message>test</Message></Error>"
    return answer(start_response, status, error.encode())


class Handler(WSGIRequestHandler):
    def log(self, *_):
        pass


server = make_server("127.0.0.1", 0, serve, threaded=True, request_handler=Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
os._exit(0)
