#!/usr/bin/env bash
# Writes charts/remora/values.schema.json and the table in charts/remora/README.md from the comments in
# charts/remora/values.yaml.
#
# usage: hack/update-chart.sh

set -euo pipefail
exec /usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/chart.py" update
