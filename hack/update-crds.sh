#!/usr/bin/env bash
# Writes crds/*.yaml from crds/source/ (its README.md explains the format).
#
# usage: hack/update-crds.sh

set -euo pipefail
exec /usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/crds.py" update
