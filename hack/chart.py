#!/usr/bin/python3
"""The schemas and the tables of values of the charts, which are made of their commented values.yaml.

  chart.py update   write values.schema.json and the table in README.md
  chart.py check    say what is stale, which value has no description, and whether the versions agree,
                    and which alert README.md does not have

A value is described by the comment right above it. A line `# @schema {...}` at its end, in YAML, adds to the value's schema, whose
type is that of the default. Nothing else may stand in the values: additionalProperties is false on every level.

Exit code: 0 fine, 1 something is wrong (one line each on stderr), 2 usage.
"""

import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHARTS = [ROOT / "charts" / name for name in ("remora", "remora-catalog")]
BEGIN, END = "<!-- values: written by hack/update-chart.sh -->", "<!-- values: end -->"
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class Complaint(Exception):
    pass


class Value:
    """One that has a default: what is below it is not described on its own."""

    def __init__(self, path, default, description, schema):
        self.path, self.default, self.description, self.schema = path, default, description, schema


def comment_above(lines, line):
    """The text of the comment and what its @schema says."""
    texts = []
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        texts.insert(0, lines[line].strip().lstrip("#").strip())
    schema = {}
    if texts and texts[-1].startswith("@schema "):
        schema = yaml.safe_load(texts.pop().removeprefix("@schema "))
    return " ".join(texts), schema


def read_mapping(node, lines, path=()):
    """A tree of dicts with Values as leaves. A group is a mapping in block style without a description."""
    tree = {}
    for key, value in node.value:
        here = path + (key.value,)
        description, schema = comment_above(lines, key.start_mark.line)
        is_group = isinstance(value, yaml.MappingNode) and not value.flow_style and not description
        if is_group:
            tree[key.value] = read_mapping(value, lines, here)
            continue
        if not description.endswith("."):
            raise Complaint(f"values.yaml: {'.'.join(here)} has no description, a sentence in the comment above it")
        default = yaml.SafeLoader("").construct_document(value)
        tree[key.value] = Value(here, default, description, schema)
    return tree


def schema_of(tree):
    properties = {}
    for name, node in tree.items():
        if isinstance(node, Value):
            properties[name] = {"description": node.description, "type": TYPES[type(node.default)], **node.schema}
        else:
            properties[name] = schema_of(node)
    return {"type": "object", "additionalProperties": False, "properties": properties}


def values_of(tree):
    for node in tree.values():
        if isinstance(node, Value):
            yield node
        else:
            yield from values_of(node)


def table_of(tree):
    rows = ["| value | default | |", "|---|---|---|"]
    for value in values_of(tree):
        description = value.description.replace("|", "\\|")
        rows.append(f"| `{'.'.join(value.path)}` | `{json.dumps(value.default)}` | {description} |")
    return "\n".join(rows)


def wanted(chart):
    text = (chart / "values.yaml").read_text()
    tree = read_mapping(yaml.compose(text), text.splitlines())
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", **schema_of(tree)}
    # Helm hands it to every chart that another one depends on.
    schema["properties"]["global"] = {"type": "object", "description": "Not used."}
    readme = (chart / "README.md").read_text()
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise Complaint(f"{chart.name}/README.md: the lines {BEGIN} and {END} must stand there once")
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    return {
        chart / "values.schema.json": json.dumps(schema, indent=2) + "\n",
        chart / "README.md": f"{before}{BEGIN}\n\n{table_of(tree)}\n\n{END}{after}",
    }


def version_complaints(folder):
    chart = yaml.safe_load((folder / "Chart.yaml").read_text())
    version = re.search(r"^project\(remora VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE).group(1)
    for key in ("version", "appVersion"):
        if chart[key] != version:
            yield f"{folder.name}/Chart.yaml: {key} is {chart[key]}, and CMakeLists.txt says {version}"


def crd_complaints():
    for crd in (ROOT / "crds").glob("*.yaml"):
        link = CHARTS[0] / "files" / "crds" / crd.name
        if not link.is_symlink() or link.resolve() != crd:
            yield f"charts/remora/files/crds/{crd.name} is no link to crds/{crd.name}"


def alert_complaints():
    readme = (CHARTS[0] / "README.md").read_text()
    for group in yaml.safe_load((CHARTS[0] / "files" / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            row = f"| `{rule['alert']}` | {rule['labels']['severity']} |"
            if row not in readme:
                yield f"README.md has no row that begins with {row}"


def check():
    complaints = [*crd_complaints(), *alert_complaints()]
    for chart in CHARTS:
        complaints += version_complaints(chart)
        for path, text in wanted(chart).items():
            if not path.exists() or path.read_text() != text:
                complaints.append(f"{path.relative_to(ROOT)} is stale: run hack/update-chart.sh")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


def update():
    for chart in CHARTS:
        for path, text in wanted(chart).items():
            path.write_text(text)
    return 0


def main(arguments):
    if arguments not in (["update"], ["check"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return update() if arguments == ["update"] else check()
    except Complaint as complaint:
        print(complaint, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
