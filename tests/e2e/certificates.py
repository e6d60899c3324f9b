#!/usr/bin/python3
"""The kubelet's and everybody else's part while certificates change.

usage: certificates.py mount KUBECONFIG NAMESPACE SECRET FOLDER   keeps the Secret's files in FOLDER as
           the kubelet does: in a folder of their own, to which the link `..data` is moved
       certificates.py admit KUBECONFIG RATE   creates (dry run) RATE Pods a second that ask for the
           Sidecar `saver`, and prints on TERM how many, how many came without it, and the first reason

KUBECONFIG is JSON, with the credentials in it. Both run until TERM.
"""

import base64
import http.client
import json
import os
import shutil
import signal
import ssl
import sys
import tempfile
import threading
import time
import urllib.parse

MOUNT_INTERVAL_SECONDS = 0.2
THREADS = 5
FILES = ("tls.crt", "tls.key", "ca.crt")

end = threading.Event()


class ApiServer:
    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as text:
            config = json.load(text)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.context = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as pair:
            for part in ("certificate", "key"):
                pair.write(base64.b64decode(user[f"client-{part}-data"]))
            pair.flush()
            self.context.load_cert_chain(pair.name)
        self.where = urllib.parse.urlsplit(cluster["server"])
        self.connection = None

    def call(self, method, path, body=None):
        if not self.connection:
            self.connection = http.client.HTTPSConnection(
                self.where.hostname, self.where.port, context=self.context, timeout=30)
        try:
            self.connection.request(method, path, body, {"Content-Type": "application/json"})
            response = self.connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException):
            self.connection = None
            raise


# --- mount ----------------------------------------------------------------------------------------

def publish(folder, generation, data):
    place = os.path.join(folder, generation)
    os.mkdir(place)
    for key in FILES:
        with open(os.path.join(place, key), "wb") as file:
            file.write(base64.b64decode(data.get(key, "")))
    data_link, next_link = (os.path.join(folder, name) for name in ("..data", "..next"))
    before = os.readlink(data_link) if os.path.islink(data_link) else None
    os.symlink(generation, next_link)
    os.rename(next_link, data_link)
    if before:
        shutil.rmtree(os.path.join(folder, before))


def mount(kubeconfig, namespace, secret, folder):
    server, seen, generation = ApiServer(kubeconfig), None, 0
    while not end.wait(MOUNT_INTERVAL_SECONDS):
        status, answer = server.call("GET", f"/api/v1/namespaces/{namespace}/secrets/{secret}")
        if status == 200 and answer["data"] != seen:
            seen, generation = answer["data"], generation + 1
            publish(folder, f"..generation-{generation}", seen)


# --- admit ----------------------------------------------------------------------------------------

POD = json.dumps({
    "metadata": {"generateName": "p-", "annotations": {"patterns.remora.dev/sidecar": "saver"}},
    "spec": {"containers": [{"name": "web", "image": "web"}]},
})


def complaint(server):
    try:
        status, pod = server.call("POST", "/api/v1/namespaces/default/pods?dryRun=All", POD)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error!r}"
    if status != 201:
        return pod.get("message", str(status))
    companions = [c["name"] for c in pod["spec"].get("initContainers", [])]
    return None if companions == ["saver"] else f"it has {companions}"


def admit(kubeconfig, rate):
    outcomes = []

    def work(number):
        server = ApiServer(kubeconfig)
        due = time.monotonic() + number / float(rate)
        while not end.wait(max(0.0, due - time.monotonic())):
            outcomes.append(complaint(server))
            due += THREADS / float(rate)

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failures = [outcome for outcome in outcomes if outcome]
    print(json.dumps({"pods": len(outcomes), "failed": len(failures),
                      "seconds": round(time.monotonic() - began, 1),
                      "first": failures[0] if failures else None}))


def main():
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    commands = {"mount": mount, "admit": admit}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    commands[sys.argv[1]](*sys.argv[2:])
    return 0


sys.exit(main())
