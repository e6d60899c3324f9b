"""The Pods of the measurement, and what is true of them.

Ten Pods a workload. Of ten workloads seven have the record of an injection, as the webhook has
written it, one has that of a refusal, one asks and has no record, one asks nothing.
"""

import copy
import json
import uuid

from api_server import METADATA_LIST, each

PODS_A_WORKLOAD = 10
TEAMS = 10
CREATING = 16  # connections
RECORD = "patterns.remora.dev/status"
ASKS = "patterns.remora.dev/"
KINDS = {"Sidecar": "sidecars", "Ambassador": "ambassadors", "Adapter": "adapters"}
GROUP = "/apis/patterns.remora.dev/v1alpha1"
OUTCOMES = ["injected"] * 7 + ["refused", "missing", "none"]
COUNTS = ("matched", "injected", "missing", "refused")
VARIABLES = 10
# What a pattern whose name begins so is asked with.
PARAMETERS = {
    "log-saver": {"dir": "/var/log/nginx"},
    "redis": {"upstream": "redis-7.cache.svc:6379"},
    "nginx-exporter": {},
    "git-sync": {"repo": "https://git.example.test/site.git", "dir": "/usr/share/nginx/html"},
}


def key_of(pattern):
    return pattern["kind"], pattern["metadata"]["namespace"], pattern["metadata"]["name"]


def path_of(key):
    kind, namespace, name = key
    return f"{GROUP}/namespaces/{namespace}/{KINDS[kind]}/{name}"


def plain_pod(file):
    with open(file, encoding="utf-8") as text:
        pod = json.load(text)
    del pod["metadata"]["annotations"]
    pod["spec"]["containers"][0]["env"] += [
        {"name": f"SHOP_SETTING_{i:02}", "value": f"https://service-{i:02}.shop.svc/v1"}
        for i in range(VARIABLES)]
    return pod


def asking_pod(plain, key):
    kind, _, name = key
    parameters = next(p for start, p in PARAMETERS.items() if name.startswith(start))
    pod = copy.deepcopy(plain)
    pod["metadata"]["annotations"] = {
        ASKS + kind.lower(): name,
        **{f"params.{ASKS}{name}.{parameter}": value for parameter, value in parameters.items()}}
    return pod


def injected_pod(api, key, asking):
    """As the API server would have it, with what the webhook has written."""
    answer = api.call("POST", f"/api/v1/namespaces/{key[1]}/pods?dryRun=All", asking)
    annotations = answer["metadata"]["annotations"]
    recorded = json.loads(annotations[RECORD])["patterns"]
    if [entry["reason"] for entry in recorded] != ["Injected"]:
        raise SystemExit(f"the webhook does not inject {key}: {recorded}")
    pod = copy.deepcopy(asking)
    pod["metadata"]["labels"] = answer["metadata"]["labels"]
    pod["metadata"]["annotations"] = annotations
    pod["spec"] = answer["spec"]
    return pod


def refused_pod(asking, injected):
    record = json.loads(injected["metadata"]["annotations"][RECORD])
    entry = record["patterns"][0]
    record["patterns"] = [{field: entry[field] for field in ("kind", "namespace", "name", "revision")
                           if field in entry} | {
        "reason": "MountPathTaken", "message": "the container web mounts something else there"}]
    pod = copy.deepcopy(asking)
    pod["metadata"]["annotations"][RECORD] = json.dumps(record, separators=(",", ":"))
    return pod


def templates(api, pod_file, patterns):
    plain = plain_pod(pod_file)
    made = []
    for key in map(key_of, patterns):
        asking = asking_pod(plain, key)
        injected = injected_pod(api, key, asking)
        made.append({"key": key, "none": plain, "missing": asking, "injected": injected,
                     "refused": refused_pod(asking, injected)})
    return made


class Workload:
    """Those of the same number are the same."""

    def __init__(self, number, made):
        template = made[number % len(made)]
        outcome = OUTCOMES[(number // len(made) + number) % len(OUTCOMES)]
        self.namespace = template["key"][1]
        self.hash = f"{0x6d4b75cb00 + number:010x}"
        self.replica_set = f"storefront-{number:05}-{self.hash}"
        pod = copy.deepcopy(template[outcome])
        metadata = pod["metadata"]
        metadata.pop("generateName")
        metadata["name"] = "@NAME@"
        metadata["labels"] |= {"app.kubernetes.io/instance": f"storefront-{number:05}",
                               "pod-template-hash": self.hash}
        metadata["ownerReferences"] = [{
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": self.replica_set,
            "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, self.replica_set)), "controller": True,
            "blockOwnerDeletion": True}]
        self.text = json.dumps(pod)

    def pod(self, serial):
        """(namespace, name, text)"""
        name = f"{self.replica_set}-{serial:05}"
        return self.namespace, name, self.text.replace("@NAME@", name, 1)


def pods(made, first, last):
    """Those with the numbers from `first` up to `last`, without it."""
    workload, number = None, -1
    for serial in range(first, last):
        if serial // PODS_A_WORKLOAD != number:
            number = serial // PODS_A_WORKLOAD
            workload = Workload(number, made)
        yield workload.pod(serial)


def create(api, pod):
    namespace, _, text = pod
    return len(api.text("POST", f"/api/v1/namespaces/{namespace}/pods", text))


def delete(api, pod):
    api.text("DELETE", f"/api/v1/namespaces/{pod[0]}/pods/{pod[1]}")


def create_all(api, some):
    """The mean size of a Pod."""
    sizes = each(CREATING, lambda pod: create(api, pod), some)
    return sum(sizes) / len(sizes)


def truth(api, made, planned=()):
    """(what the status of each pattern has to count, Pods): of the Pods that the API server has, and
    those that it will have."""
    items, _ = api.list("/api/v1/pods", accept=METADATA_LIST)
    found = [item["metadata"] for item in items]
    found += [json.loads(text)["metadata"] | {"namespace": space} for space, _, text in planned]
    counts = {tuple(template["key"]): dict.fromkeys(COUNTS, 0) for template in made}
    for metadata in found:
        for key, outcome in outcomes_of(metadata).items():
            counts[key][outcome] += 1
            counts[key]["matched"] += 1
    return counts, len(found)


def outcomes_of(metadata):
    annotations = metadata.get("annotations", {})
    outcomes = {(kind, metadata["namespace"], annotations[ASKS + kind.lower()]): "missing"
                for kind in KINDS if ASKS + kind.lower() in annotations}
    for entry in json.loads(annotations.get(RECORD, '{"patterns":[]}'))["patterns"]:
        is_in = entry["reason"] == "Injected"
        key = (entry["kind"], entry["namespace"], entry["name"])
        outcomes[key] = "injected" if is_in else "refused"
    return outcomes
