#!/usr/bin/env bash
# Writes values.schema.json and the table in README.md of each chart from the comments in its values.yaml.
#
# usage: hack/update-chart.sh

set -euo pipefail
exec /usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/chart.py" update
