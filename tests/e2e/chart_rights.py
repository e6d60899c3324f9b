#!/usr/bin/python3
"""Which of the rights that a chart gives have been used, by the API server's audit log.

  chart_rights.py unused RENDERED AUDIT ACCOUNT...   prints each right of these ServiceAccounts (NAMESPACE:NAME) that no allowed
                                                     request has needed, one a line
  chart_rights.py refused AUDIT ACCOUNT...           prints each request of theirs that was refused for want of a right

A right is one (namespace, API group, resource, verb, name) of the rules in RENDERED, what `helm template` prints; the rules say
which, nobody has to write a list. Exit code: 0 nothing was printed, 1 something was.
"""

import json
import sys

import yaml

EVERYWHERE = "*"


def user_of(account):
    return f"system:serviceaccount:{account}"


def rights_of(rendered, accounts):
    """{user: {(namespace, group, resource, verb, name)}}"""
    with open(rendered, encoding="utf-8") as text:
        objects = [document for document in yaml.safe_load_all(text) if document]
    rules, rights = {}, {user_of(account): set() for account in accounts}
    for role in objects:
        if role["kind"] in ("Role", "ClusterRole"):
            key = (role["kind"], role["metadata"].get("namespace", EVERYWHERE), role["metadata"]["name"])
            rules[key] = role.get("rules", [])
    for binding in objects:
        if binding["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        namespace = binding["metadata"].get("namespace", EVERYWHERE)
        reference = binding["roleRef"]
        role_namespace = namespace if reference["kind"] == "Role" else EVERYWHERE
        for subject in binding["subjects"]:
            user = user_of(f"{subject['namespace']}:{subject['name']}")
            if user not in rights:
                continue
            for rule in rules[(reference["kind"], role_namespace, reference["name"])]:
                rights[user] |= {(namespace, group, resource, verb, name)
                                 for group in rule["apiGroups"] for resource in rule["resources"]
                                 for verb in rule["verbs"] for name in rule.get("resourceNames", [EVERYWHERE])}
    return rights


def requests(audit, users, decision):
    """(user, namespace, group, resource, verb, name)"""
    with open(audit, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            user = event["user"]["username"]
            # A quota that refuses a Pod says 403, too, but is no decision about rights.
            if user not in users or event.get("annotations", {}).get("authorization.k8s.io/decision") != decision:
                continue
            # Discovery and health are everybody's.
            about = event.get("objectRef")
            if about is None:
                continue
            resource = about["resource"] + ("/" + about["subresource"] if "subresource" in about else "")
            yield user, about.get("namespace", ""), about.get("apiGroup", ""), resource, event["verb"], about.get("name", "")


def covers(right, request):
    return all(wanted in (EVERYWHERE, given) for wanted, given in zip(right, request))


def tell(user, request):
    namespace, group, resource, verb, name = request
    where = "" if namespace in ("", EVERYWHERE) else f" in {namespace}"
    which = "" if name in ("", EVERYWHERE) else f" {name}"
    print(f"{user.rsplit(':', 1)[1]}: {verb} {resource}{'.' + group if group else ''}{which}{where}")


def unused(rendered, audit, *accounts):
    rights = rights_of(rendered, accounts)
    for user, some in rights.items():
        if not some:
            sys.exit(f"there are no rights of {user} in {rendered}")
    print(f"{sum(map(len, rights.values()))} rights", file=sys.stderr)
    for user, *request in requests(audit, rights, "allow"):
        rights[user] = {right for right in rights[user] if not covers(right, request)}
    for user in rights:
        for right in sorted(rights[user]):
            tell(user, right)
    return 1 if any(rights.values()) else 0


def refused(audit, *accounts):
    seen = sorted(set(requests(audit, {user_of(account) for account in accounts}, "forbid")))
    for user, *request in seen:
        tell(user, request)
    return 1 if seen else 0


COMMANDS = {"unused": unused, "refused": refused}

if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
