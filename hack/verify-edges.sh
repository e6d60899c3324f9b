#!/usr/bin/env bash
# Checks that C++ files include only what tests/edges.txt allows them to.
#
# usage: hack/verify-edges.sh

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

readonly RULES=tests/edges.txt

edges() { /usr/bin/python3 hack/edges.py "$RULES" "$@"; }

# is_noticed FILE INCLUDE TEXT: the check of a tree with this one include in it says TEXT
is_noticed() {
  local file=$1 include=$2 text=$3 said
  mkdir -p "$PLANTED/$(dirname "$file")"
  printf '#include %s\n' "$include" >"$PLANTED/$file"
  said=$(edges "$PLANTED" "$file") && fail "tripwire: $file may include $include, and should not"
  [[ $said == "$file:1: "*"$text"* ]] || fail "tripwire: $file with $include: $said"
}

[[ $# == 0 ]] || die "takes no arguments"
need_commands git
mapfile -t files < <(cpp_files)
edges . "${files[@]}" || fail "includes that $RULES does not allow: see above"

PLANTED=$(mktemp --directory)
at_exit rm -rf "$PLANTED"
is_noticed operator/injection/x.cc '"operator/kube/client.h"' 'may include only operator/base/result'
is_noticed operator/injection/concerns/x.cc '<thread>' 'may not use it'
is_noticed operator/base/x.h '"operator/api/pattern.h"' 'may include only fmt'
is_noticed operator/kube/client.h '<cpprest/http_client.h>' 'may include only operator/base'
is_noticed operator/runtime/x.cc '"operator/kube/internal/tls_context.h"' 'belongs to operator/kube/'
is_noticed operator/api/x.cc '<spdlog/spdlog.h>' 'may include only operator/base'
is_noticed webhook/http_listener.h '<boost/beast/core.hpp>' 'may include only operator/base'
is_noticed webhook/x.cc '"tests/fakes/fake_clock.h"' 'production code never includes tests/'
is_noticed tests/unit/x.cc '"webhook/main.cc"' 'nothing includes a main.cc'
is_noticed operator/newcomer/x.cc '"operator/base/result.h"' 'no rule speaks'
is_noticed webhook/x.cc '"review.h"' "from the repository's root"
step "${#files[@]} C++ files include only what $RULES allows"
