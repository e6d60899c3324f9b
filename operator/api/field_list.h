// FieldList: the field table as a list of paths with their types and rules, as a CRD says them.
//
// Contract
//   - Every field of the kind, objects and lists included, in the order of the table. A list's
//     items are under "path[]". Below container, initContainers[] and
//     volumes[] only the first level is named.
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operator/api/field_rules.h"
#include "operator/api/pattern.h"

namespace remora::api {

struct FieldDescription {
  std::string path;       // "spec.share[].name"
  std::string_view type;  // as in OpenAPI; "int-or-string", "" for any
  FieldRules rules;
  std::vector<std::string_view> choices;  // of an enum
  bool keeps_unknown = false;             // core/v1 that is kept as written
};

std::vector<FieldDescription> DescribeFields(PatternKind kind);

}  // namespace remora::api
