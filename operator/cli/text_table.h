// TextTable: rows in columns, as kubectl prints them.
//
// Contract
//   - A column is as wide as its widest cell, three blanks behind it; nothing follows the last cell
//     of a row. A character counts as one column.
// Thread-safety: owner thread only. Errors: none.
//
// Example
//   TextTable table({"NUMBER", "REVISION"});
//   table.Add({"1", "b4x6c2f9kd"});
//   table.Print("", std::cout);
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/clock.h"

namespace remora::cli {

class TextTable {
 public:
  TextTable() = default;  // without a head
  explicit TextTable(std::vector<std::string> head) { Add(std::move(head)); }

  // As many cells in every row. One that is empty is printed as nothing.
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void Print(std::string_view indent, std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// How long ago an RFC 3339 time was, as kubectl says it: "5m10s", "3d4h"; "<unknown>" where it is
// none.
std::string Age(const std::string& time, Clock::WallTimePoint now);

}  // namespace remora::cli
