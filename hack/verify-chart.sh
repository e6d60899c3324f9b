#!/usr/bin/env bash
# Checks the charts without helm: their schemas and READMEs are what the comments in values.yaml say, every value has one, the
# three kinds are those of crds/, and their versions are the project's. tests/e2e/chart_test.sh installs it.
#
# usage: hack/verify-chart.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ $# == 0 ]] || die "takes no arguments"
/usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/chart.py" check ||
  fail "the charts are not as they should be: see above"
step "the charts: described, up to date"
