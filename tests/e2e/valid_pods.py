#!/usr/bin/python3
"""Sends Pods to an API server, before and after injection, and compares its answers.

usage: law_pods FIRST COUNT | valid_pods.py HOST:PORT NAMESPACE

HOST:PORT is a `kubectl proxy`. Exit code 1 where fewer than half of the Pods are accepted as they
came, or where one that was is refused after injection.
"""

import http.client
import json
import sys

SHOWN = 5
SHOWN_CHARACTERS = 400
# What is judged after us, and not part of the promise.
NOT_OURS = ("violates PodSecurity", "exceeded quota")


def send(connection, namespace, pod):
    """The API server's complaint; None where it accepts the Pod."""
    pod["metadata"]["namespace"] = namespace
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict"
    connection.request("POST", path, json.dumps(pod), {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    return None if response.status == http.client.CREATED else answer["message"]


def main():
    address, namespace = sys.argv[1:]
    connection = http.client.HTTPConnection(address, timeout=30)
    sent = accepted = patched = 0
    refused_after = []
    complaints = {}
    for line in sys.stdin:
        case = json.loads(line)
        sent += 1
        complaint = send(connection, namespace, case["before"])
        if complaint:
            what = complaint.split(": ", 1)[-1][:100]
            complaints[what] = complaints.get(what, 0) + 1
            continue
        accepted += 1
        if not case["patched"]:
            continue
        patched += 1
        complaint = send(connection, namespace, case["after"])
        if complaint and not any(text in complaint for text in NOT_OURS):
            refused_after.append((case["seed"], complaint))
    print(f"{sent} Pods: {accepted} accepted as they came; of these {patched} were injected and "
          f"{patched - len(refused_after)} accepted again")
    for what, count in sorted(complaints.items(), key=lambda item: -item[1])[:SHOWN]:
        print(f"  refused as they came, {count} times: {what}")
    for seed, complaint in refused_after[:SHOWN]:
        print(f"  REFUSED after injection, seed {seed}: {complaint[:SHOWN_CHARACTERS]}")
    return 1 if refused_after or sent == 0 or accepted * 2 < sent else 0


if __name__ == "__main__":
    sys.exit(main())
