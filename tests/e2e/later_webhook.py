"""A mutating webhook that adds one annotation to every Pod it is asked about.

usage: later_webhook.py PORT CERTIFICATE KEY ANNOTATION VALUE
"""

import base64
import http.server
import json
import ssl
import sys

PORT, CERTIFICATE, KEY, ANNOTATION, VALUE = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = "/metadata/annotations"
        patch = []
        if "annotations" not in review["request"]["object"]["metadata"]:
            patch.append({"op": "add", "path": path, "value": {}})
        token = ANNOTATION.replace("~", "~0").replace("/", "~1")
        patch.append({"op": "add", "path": f"{path}/{token}", "value": VALUE})
        answer = {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": {
                "uid": review["request"]["uid"],
                "allowed": True,
                "patchType": "JSONPatch",
                "patch": base64.b64encode(json.dumps(patch).encode()).decode(),
            },
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
