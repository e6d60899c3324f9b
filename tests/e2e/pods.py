#!/usr/bin/python3
"""Pods as the API server answers with them: made comparable, and taken out of workloads.

usage: pods.py compare EXPECTED.json ACTUAL.json   prints the difference; exit code 1 if there is one
       pods.py template                            reads YAML on stdin; prints, as JSON, a Pod from
                                                   the template of each workload in it, and each Pod
"""

import copy
import difflib
import json
import re
import sys

import yaml

# --- the normaliser: all that a comparison leaves out ---------------------------------------------

# Made by the API server or a controller, differently for each Pod.
METADATA = ("name", "generateName", "namespace", "uid", "resourceVersion", "creationTimestamp",
            "generation", "managedFields", "ownerReferences")
LABELS = ("pod-template-hash",)
ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration",)  # of `kubectl apply` of a Pod
TOP_LEVEL = ("status",)  # of the scheduler
# The expected Pods were worked out by hand, a SHA-256 was not.
RECORD = "patterns.remora.dev/status"
REVISION = re.compile(r'"revision":"[bcdfghjklmnpqrstvwxz2456789]{10}"')
# The volume with the ServiceAccount's token has a random name, and the plugin that adds it stands
# before webhooks for one Pod and behind them for the other. So the volume is left out, and its
# mounts become one field of their container, which is compared.
TOKEN_VOLUME = re.compile(r"kube-api-access-[a-z0-9]{5}")
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def normalise(pod):
    pod = copy.deepcopy(pod)
    for key in TOP_LEVEL:
        pod.pop(key, None)
    metadata = pod["metadata"]
    for key in METADATA:
        metadata.pop(key, None)
    for key in LABELS:
        metadata.get("labels", {}).pop(key, None)
    annotations = metadata.get("annotations", {})
    for key in ANNOTATIONS:
        annotations.pop(key, None)
    if RECORD in annotations:
        annotations[RECORD] = REVISION.sub('"revision":"..."', annotations[RECORD])
    spec = pod["spec"]
    spec["volumes"] = [v for v in spec.get("volumes", []) if not TOKEN_VOLUME.fullmatch(v["name"])]
    for container in spec["containers"] + spec.get("initContainers", []):
        mounts = container.get("volumeMounts", [])
        container["volumeMounts"] = [m for m in mounts if not TOKEN_VOLUME.fullmatch(m["name"])]
        container["tokenMounts"] = [{**m, "name": "kube-api-access-..."} for m in mounts
                                    if TOKEN_VOLUME.fullmatch(m["name"])]
        assert all(m["mountPath"] == TOKEN_PATH for m in container["tokenMounts"])
    return pod


# --- what can be asked for ------------------------------------------------------------------------

def as_lines(path):
    with open(path, encoding="utf-8") as text:
        pod = normalise(json.load(text))
    # The record is one long line: shown with one member a line, it can be read.
    record = pod["metadata"].get("annotations", {}).get(RECORD)
    lines = json.dumps(pod, indent=1, sort_keys=True).splitlines()
    return lines + (re.sub(r"(?<=[\]}],)|(?<=\[)(?=[\[{])", "\n", record).splitlines()
                    if record else [])


def compare(expected, actual):
    difference = list(difflib.unified_diff(as_lines(expected), as_lines(actual), "expected",
                                           "actual", lineterm=""))
    print("\n".join(difference))
    return 1 if difference else 0


def template():
    for document in yaml.safe_load_all(sys.stdin):
        if not document:
            continue
        if document["kind"] == "Pod":
            pod = document
        elif "template" in document.get("spec", {}):
            pod = document["spec"]["template"]
            pod["metadata"]["generateName"] = document["metadata"]["name"] + "-"
        else:
            continue
        pod["metadata"].pop("namespace", None)
        print(json.dumps({"apiVersion": "v1", "kind": "Pod", **pod}))
    return 0


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 3 and arguments[0] == "compare":
        return compare(*arguments[1:])
    if arguments == ["template"]:
        return template()
    print(__doc__, file=sys.stderr)
    return 2


sys.exit(main())
