#!/usr/bin/env bash
# Writes crds/REFERENCE.md from the CRDs and operator/api/, and the pictures of crds/guide/.
#
# usage: hack/update-docs.sh

set -euo pipefail
/usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/reference.py" update
exec /usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/pictures.py" update
