// PatchWriter: a plan's operations as RFC 6902 text.
//
// Knows escaping, missing parents and how indices move while a patch is applied, and nothing else.
// Thread-safety: pure function.
#pragma once

#include <memory_resource>
#include <string_view>

#include "operator/base/arena.h"
#include "operator/injection/plan.h"

namespace remora::injection {

// Appends "[]" for a plan without operations.
void WritePatch(const Plan& plan, Arena& arena, std::pmr::string& out);

// One token of a JSON Pointer: `~` is written `~0`, `/` is written `~1`.
void AppendPointerToken(std::string_view token, std::pmr::string& out);

}  // namespace remora::injection
