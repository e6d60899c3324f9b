// EditText: a text in which only what changed in its value is written anew.
//
// Contract
//   - Comments, quotes, order, anchors and line ends of all else stay as they are. What is new
//     stands behind its neighbours, in their indentation.
//   - The text that comes out was read again, and gives the value asked for.
//   - An anchor whose value changes keeps its new value to itself: its aliases are written out.
// Thread-safety: pure function.
// Errors: none; nothing where the text is too unusual to be changed in places (explicit keys `? a`,
//   a list in a list that begins in its line, ...), so that it has to be written anew.
//
// Example
//   auto edited = EditText(document, changed, EmptyValues::kKeep);
//   if (edited) Print(edited->text);
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "operator/cli/documents.h"

namespace remora::cli {

// What becomes of a list or map that had members and has none.
enum class EmptyValues : std::uint8_t {
  kKeep,  // it stays, in brackets
  // It goes, key and all; but in a block, brackets stay: who puts the first member into an empty
  // pair of brackets and takes it out again gets back what there was.
  kDropBlocks,
};

struct EditedText {
  std::string text;
  nlohmann::json value;  // without what was dropped
};

std::optional<EditedText> EditText(const Document& document, const nlohmann::json& after,
                                   EmptyValues empty_values);

// `after` without members that are empty lists or maps and were not in `before`.
nlohmann::json WithoutEmptied(const nlohmann::json& before, nlohmann::json after);

}  // namespace remora::cli
