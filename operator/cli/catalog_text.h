// CatalogText: patterns as those read them who are to choose one.
//
// Thread-safety: pure functions on their stream.
// Errors: Invalid: a pattern that DecodePattern() refuses.
//
// Example
//   PrintCatalog(patterns, std::cout);
//   auto printed = PrintCatalogEntry(patterns.front(), std::cout);
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "operator/base/result.h"

namespace remora::cli {

// A table.
void PrintCatalog(const std::vector<nlohmann::json>& patterns, std::ostream& out);
// The annotations to copy, the parameters, and what the application gets of it.
Result<void> PrintCatalogEntry(const nlohmann::json& pattern, std::ostream& out);
nlohmann::json CatalogEntryAsJson(const nlohmann::json& pattern);

}  // namespace remora::cli
