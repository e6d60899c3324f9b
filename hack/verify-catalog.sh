#!/usr/bin/env bash
# Checks that charts/remora-catalog names the images that hack/catalog-images.sh makes, with the versions that apt has.
#
# usage: hack/verify-catalog.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly HACK=${BASH_SOURCE[0]%/*}
readonly VALUES=$HACK/../charts/remora-catalog/values.yaml

images_of_chart() {
  /usr/bin/python3 -c '
import sys, yaml
images = yaml.safe_load(open(sys.argv[1]))["images"]
for image in (value for value in images.values() if isinstance(value, dict)):
    print(image["repository"], image["tag"])' "$VALUES"
}

[[ $# == 0 ]] || die "takes no arguments"
made=$("$HACK/catalog-images.sh" --versions)
diff --label "charts/remora-catalog/values.yaml" --label "hack/catalog-images.sh --versions" --unified=0 \
  <(images_of_chart | sort) <(sort <<<"$made") >&2 ||
  fail "the images of charts/remora-catalog are not those that are made: see above"
step "the $(wc -l <<<"$made") images of charts/remora-catalog are made with these versions"
