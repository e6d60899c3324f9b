#!/usr/bin/python3
"""How long after an edit of a pattern the next Pod has it.

usage: pattern_latency.py SERVER CA CERT KEY EDITS

Changes the image of the Sidecar `saver` in the namespace `default`, then creates Pods (dry run) one
after the other until one has the new image. Prints the milliseconds between the API server's
answer to the edit and the moment at which the Pod that has it was sent, one edit a line.
"""

import http.client
import json
import ssl
import sys
import time
import urllib.parse

PATTERN = "/apis/patterns.remora.dev/v1alpha1/namespaces/default/sidecars/saver"
PODS = "/api/v1/namespaces/default/pods?dryRun=All"
GIVE_UP_SECONDS = 10


def call(connection, method, path, body, content_type="application/json"):
    connection.request(method, path, json.dumps(body), {"Content-Type": content_type})
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status >= 300:
        sys.exit(f"{method} {path}: {answer.get('message', response.status)}")
    return answer


def image_of_new_pod(connection):
    pod = {
        "metadata": {"generateName": "p-",
                     "annotations": {"patterns.remora.dev/sidecar": "saver"}},
        "spec": {"containers": [{"name": "web", "image": "web"}]},
    }
    return call(connection, "POST", PODS, pod)["spec"]["initContainers"][0]["image"]


def main():
    server, ca, cert, key, edits = sys.argv[1:6]
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(cert, key)
    where = urllib.parse.urlsplit(server)
    connection = http.client.HTTPSConnection(where.hostname, where.port, context=context)
    for number in range(int(edits)):
        image = f"saver:edit-{number}"
        call(connection, "PATCH", PATTERN, {"spec": {"container": {"image": image}}},
             "application/merge-patch+json")
        edited = time.monotonic()
        while True:
            sent = time.monotonic()
            if image_of_new_pod(connection) == image:
                break
            if sent - edited > GIVE_UP_SECONDS:
                sys.exit(f"no Pod has {image} after {GIVE_UP_SECONDS} s")
        print(f"{(sent - edited) * 1000:.1f}")


if __name__ == "__main__":
    main()
