#!/usr/bin/python3
"""Cluster DNS for a throw-away node: the names of Services, as the API server has them.

usage: dns.py serve ADDRESS APISERVER CA CERTIFICATE KEY
       dns.py ask ADDRESS NAME        prints the addresses of NAME; fails when there are none

NAME.NAMESPACE.svc.cluster.local is the address of the Service, or those of its ready Pods where it
is headless; HOSTNAME.NAME.NAMESPACE.svc.cluster.local is a Pod of a headless one (StatefulSets).
Nothing else exists: the node has no way out. UDP and IPv4 only; what does not fit one datagram is
cut short.
"""

import http.client
import json
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.request

ZONE = ["svc", "cluster", "local"]
SLICE_OF = "kubernetes.io/service-name"
TTL_SECONDS = 1
TYPE_A, CLASS_IN = 1, 1
NO_SUCH_NAME, NOT_IMPLEMENTED = 3, 4
MOST_ADDRESSES = 25  # 16 bytes each: within the 512 that every client takes
WATCH_SECONDS = 3600
RETRY_SECONDS = 0.2


# --- what the API server has ----------------------------------------------------------------------

class Objects:
    """All objects of a kind, kept up to date by a thread of its own."""

    def __init__(self, server, tls, path):
        self.url, self.tls = server + path, tls
        self.objects = {}  # (namespace, name): object; replaced whole or changed by key
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while True:
            try:
                with self.get("") as answer:
                    everything = json.load(answer)
                self.objects = {key_of(item): item for item in everything["items"]}
                self.watch(everything["metadata"]["resourceVersion"])
            except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
                print(f"{self.url}: {error!r}", file=sys.stderr, flush=True)
                time.sleep(RETRY_SECONDS)

    def watch(self, version):
        query = f"?watch=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}"
        with self.get(query) as events:
            for line in events:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] == "DELETED":
                    self.objects.pop(key_of(event["object"]), None)
                else:
                    self.objects[key_of(event["object"])] = event["object"]

    def get(self, query):
        silent_seconds = WATCH_SECONDS + 60
        return urllib.request.urlopen(self.url + query, context=self.tls, timeout=silent_seconds)


def key_of(thing):
    return thing["metadata"]["namespace"], thing["metadata"]["name"]


class Names:
    def __init__(self, server, tls):
        self.services = Objects(server, tls, "/api/v1/services")
        self.slices = Objects(server, tls, "/apis/discovery.k8s.io/v1/endpointslices")

    def addresses(self, name):
        """None when there is no such name."""
        labels = name.lower().rstrip(".").split(".")
        if labels[-3:] != ZONE or len(labels) not in (5, 6):
            return None
        hostname = labels[-6] if len(labels) == 6 else None
        service = self.services.objects.get((labels[-4], labels[-5]))
        address = service and service["spec"].get("clusterIP")
        if address == "None":
            return self.of_pods(service, hostname)
        return [address] if address and not hostname else None

    def of_pods(self, service, hostname):
        unready_too = service["spec"].get("publishNotReadyAddresses")
        found = [
            address
            for endpoint_slice in self.slices_of(*key_of(service))
            for endpoint in endpoint_slice.get("endpoints") or []
            if hostname in (None, endpoint.get("hostname"))
            and (unready_too or endpoint["conditions"].get("ready", True))
            for address in endpoint["addresses"]
        ]
        return found or None

    def slices_of(self, namespace, service):
        return [
            endpoint_slice
            for key, endpoint_slice in list(self.slices.objects.items())
            if key[0] == namespace
            and endpoint_slice["metadata"].get("labels", {}).get(SLICE_OF) == service
        ]


# --- the protocol (RFC 1035) ----------------------------------------------------------------------

def encoded(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.rstrip(".").split(".")) + b"\0"


def read_question(packet):
    """The name, and the bytes of the question; questions have no compression."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii"))
        at += 1 + packet[at]
    return ".".join(labels), packet[12:at + 5]


def reply(packet, names):
    number, flags = struct.unpack("!HH", packet[:4])
    name, question = read_question(packet)
    wanted_type, wanted_class = struct.unpack("!HH", question[-4:])
    addresses = names.addresses(name)
    code = 0 if addresses is not None else NO_SUCH_NAME
    if flags & 0x7800:  # no query
        code = NOT_IMPLEMENTED
    answers = []
    if code == 0 and (wanted_type, wanted_class) == (TYPE_A, CLASS_IN):
        answers = addresses[:MOST_ADDRESSES]
    # An authoritative answer, that also claims to know how to recurse: some clients insist.
    header = struct.pack("!HHHHHH", number, 0x8480 | flags & 0x0100 | code, 1, len(answers), 0, 0)
    records = b"".join(
        struct.pack("!HHHIH", 0xC00C, TYPE_A, CLASS_IN, TTL_SECONDS, 4) + socket.inet_aton(address)
        for address in answers)
    return header + question + records


def serve(address, server, authority, certificate, key):
    tls = ssl.create_default_context(cafile=authority)
    tls.load_cert_chain(certificate, key)
    names = Names(server, tls)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((address, 53))
        while True:
            packet, client = listener.recvfrom(4096)
            try:
                listener.sendto(reply(packet, names), client)
            except (IndexError, UnicodeDecodeError, struct.error, OSError) as error:
                print(f"a packet from {client[0]}: {error!r}", file=sys.stderr, flush=True)


def ask(address, name):
    query = struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + encoded(name)
    query += struct.pack("!HH", TYPE_A, CLASS_IN)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.sendto(query, (address, 53))
        packet = client.recv(4096)
    count = struct.unpack("!H", packet[6:8])[0]
    records = [packet[len(query) + 16 * i:][:16] for i in range(count)]
    if not records:
        sys.exit(f"dns.py: {name} has no addresses at {address}")
    for record in records:
        print(socket.inet_ntoa(record[12:16]))


def main():
    match sys.argv[1:]:
        case ["serve", address, server, authority, certificate, key]:
            serve(address, server, authority, certificate, key)
        case ["ask", address, name]:
            ask(address, name)
        case _:
            sys.exit("dns.py: say what to do: serve or ask, and with what; see the top of the file")


if __name__ == "__main__":
    main()
