#!/usr/bin/python3
"""What the tests of charts/remora-catalog know of it.

  catalog.py names README                the patterns that it describes, one a line
  catalog.py annotations README PATTERN  those that it says to copy, as JSON
  catalog.py complaints README < PATTERNS
                                         where the chart's rendered patterns fall short, one a line
  catalog.py disguise PATTERN TEXT OTHER < PATTERNS
                                         the one of this name, with OTHER for TEXT in it
"""

import json
import re
import sys

import yaml

CLASSES = {"Sidecar": "sidecar", "Ambassador": "ambassador", "Adapter": "adapter"}
RESTRICTED = {
    "runAsNonRoot": True, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
}


def sections(path):
    """The first YAML block below each heading that names a pattern."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    found = re.findall(r"^### `([a-z0-9-]+)`\n+```yaml\n(.*?)```$", text, re.MULTILINE | re.DOTALL)
    return {name: yaml.safe_load(block) for name, block in found}


def row_of(parameter):
    """As it stands in the README's table."""
    default = "required" if parameter.get("required") else f"`{parameter.get('default', '')}`".replace("``", "")
    values = "".join(f" `{value}`" for value in parameter.get("enum", []))
    return f"| `{parameter['name']}` | {default} | {parameter['description']}{'; one of' + values if values else ''} |"


def read_patterns():
    return [document for document in yaml.safe_load_all(sys.stdin) if document]


def complaints_of(pattern):
    spec = pattern["spec"]
    container = spec["container"]
    if not spec.get("description", "").endswith("."):
        yield "description is no sentence"
    for parameter in spec.get("parameters", []):
        if not parameter.get("description"):
            yield f"the parameter {parameter['name']} has no description"
    if spec.get("allowedNamespaces") != {"from": "All"}:
        yield "not every namespace may use it"
    if not spec.get("tests"):
        yield "it has no tests"
    if not re.search(r":[0-9][^:@]*(@sha256:[0-9a-f]{64})?$", container["image"]):
        yield f"the image {container['image']} is not pinned"
    context = container["securityContext"]
    for field, wanted in RESTRICTED.items():
        if context.get(field) != wanted:
            yield f"securityContext.{field} is {context.get(field)}"
    if not isinstance(context.get("runAsUser"), int) or context["runAsUser"] == 0:
        yield "securityContext.runAsUser is no number above 0"
    resources = container["resources"]
    if set(resources.get("requests", {})) != {"cpu", "memory"} or "memory" not in resources.get("limits", {}):
        yield "it has no requests of CPU and memory, or no limit of memory"


def complaints(readme):
    described = sections(readme)
    with open(readme, encoding="utf-8") as file:
        parts = {part.split("`")[0]: part for part in file.read().split("\n### `")}
    patterns = read_patterns()
    for pattern in patterns:
        name = pattern["metadata"]["name"]
        for complaint in complaints_of(pattern):
            yield f"{name}: {complaint}"
        key = f"patterns.remora.dev/{CLASSES[pattern['kind']]}"
        if described.get(name, {}).get(key) != name:
            yield f"{name}: the README does not say {key}: {name}"
        for parameter in pattern["spec"].get("parameters", []):
            row = row_of(parameter)
            if f"\n{row}\n" not in parts.get(name, ""):
                yield f"{name}: its section in the README has no row {row}"
    for name in described.keys() - {pattern["metadata"]["name"] for pattern in patterns}:
        yield f"{name}: the README describes it, and the chart has no such pattern"


def disguise(name, text, other):
    pattern = next(p for p in read_patterns() if p["metadata"]["name"] == name)
    before = json.dumps(pattern)
    after = before.replace(text, other)
    if after == before:
        sys.exit(f"catalog.py: there is no {text} in {name}")
    print(after)


def main(arguments):
    match arguments:
        case ["names", readme]:
            print("\n".join(sections(readme)))
        case ["annotations", readme, name]:
            print(json.dumps(sections(readme)[name]))
        case ["complaints", readme]:
            found = list(complaints(readme))
            print("\n".join(found))
            sys.exit(1 if found else 0)
        case ["disguise", name, text, other]:
            disguise(name, text, other)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
