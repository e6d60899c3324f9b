// FieldDifferences: what two revisions of a pattern say differently, by field.
//
// Contract
//   - A member of a list is called by its name where all have one (or by mountPath, containerPort or
//     ip), else by its number; lists of different lengths without names are compared whole. Named
//     members in another order are a difference.
//   - No differences come out only where the two are equal.
//   - What is printed is of one line and holds no control character; a text of several lines is
//     printed as its lines that differ.
// Thread-safety: pure functions. Errors: none.
//
// Example
//   const auto differences = FindDifferences(before, after);
//   std::cout << Summary(differences);  // container.image: saver:1 → saver:2; and 3 more
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace remora::cli {

struct FieldDifference {
  std::string path;                      // "container.env[MODE].value"
  std::optional<nlohmann::json> before;  // nothing: absent
  std::optional<nlohmann::json> after;
  bool is_order = false;  // the members are the same; `before` and `after` are their names
};

std::vector<FieldDifference> FindDifferences(const nlohmann::json& before,
                                             const nlohmann::json& after);

// The first ones in one line; empty where there are none.
std::string Summary(const std::vector<FieldDifference>& differences);
// All, a line each, indented.
void PrintDifferences(const std::vector<FieldDifference>& differences, std::ostream& out);
nlohmann::json DifferencesAsJson(const std::vector<FieldDifference>& differences);

// A text that may come from anybody, as one line for a terminal.
std::string OneLine(const std::string& text);

}  // namespace remora::cli
