"""A small client of an API server: as the administrator, with a connection for each thread."""

import http.client
import json
import re
import ssl
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

PAGE = 1000
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
MERGE_PATCH = "application/merge-patch+json"
CALL_SECONDS = 60
WATCH_SECONDS = 7200


class Refused(Exception):
    """The API server answers with another status than success."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text[:500]}")
        self.status = status


class ApiServer:
    def __init__(self, server, pki):
        where = urllib.parse.urlsplit(server)
        self.address = (where.hostname, where.port)
        self.context = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        self.context.load_cert_chain(f"{pki}/admin.crt", f"{pki}/admin.key")
        self.local = threading.local()

    def connect(self, timeout=CALL_SECONDS):
        return http.client.HTTPSConnection(*self.address, context=self.context, timeout=timeout)

    def text(self, method, path, body=None, content_type="application/json", accept=None):
        """`body` may be a text that is JSON already."""
        headers = {"Content-Type": content_type, "Accept": accept or "application/json"}
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        for last in (False, True):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = self.local.connection = self.connect()
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                answer = response.read().decode()
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.local.connection = None  # the server has closed a connection that was idle
                if last:
                    raise
        if response.status >= 300:
            raise Refused(response.status, answer)
        return answer

    def call(self, method, path, body=None, content_type="application/json"):
        return json.loads(self.text(method, path, body, content_type))

    def list(self, path, accept=None):
        """(items, the version of the last page)"""
        items, token = [], ""
        while True:
            query = urllib.parse.urlencode({"limit": PAGE, "continue": token})
            page = json.loads(self.text("GET", f"{path}?{query}", accept=accept))
            items += page["items"] or []
            token = page["metadata"].get("continue", "")
            if not token:
                return items, page["metadata"]["resourceVersion"]

    def watch(self, path, version):
        """Yields (type, object) until the connection is closed."""
        connection = self.connect(WATCH_SECONDS)
        query = urllib.parse.urlencode({"watch": "true", "resourceVersion": version,
                                        "timeoutSeconds": WATCH_SECONDS})
        connection.request("GET", f"{path}?{query}")
        response = connection.getresponse()
        if response.status >= 300:
            raise Refused(response.status, response.read().decode())
        for line in response:
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise Refused(event["object"].get("code"), event["object"].get("message", ""))
            yield event["type"], event["object"]

    def counter(self, name, **labels):
        """The sum of the series of this name that have these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        total = 0.0
        for line in self.text("GET", "/metrics", accept="text/plain").splitlines():
            if line.startswith(name + "{") and all(text in line for text in wanted):
                total += float(re.search(r" (\S+)$", line).group(1))
        return total


def each(workers, function, arguments):
    """Calls function(argument) for all of them, `workers` at a time."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, arguments))
