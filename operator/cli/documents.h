// LoadDocuments: what stands in the files, directories and the standard input that a user names.
//
// Contract
//   - A directory stands for its *.yaml, *.yml and *.json files in the order of their names; what is
//     below it counts only with `recursive`. `-` is the standard input.
//   - Every byte of every source is in exactly one Document::text, in order.
// Thread-safety: none needed. Errors: Invalid (broken text), NotFound (no such file, nothing in it),
//   PermissionDenied, Unavailable (cannot be read).
//
// Example
//   auto documents = LoadDocuments({{"shop/", "-"}}, std::cin);
//   for (const Document& document : *documents)
//     for (const ObjectPlace& object : ObjectsOf(document)) Use(document.parsed.value[object.path]);
#pragma once

#include <istream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/parsed_text.h"
#include "operator/cli/place.h"

namespace remora::cli {

inline constexpr std::size_t kMaxSourceBytes = std::size_t{64} << 20;  // a List of 8,000 Pods

struct Inputs {
  std::vector<std::string> paths;
  bool recursive = false;
};

struct Document {
  std::string text;    // as it stands, `---` and comments included
  std::string header;  // the lines of `text` in front of the object
  bool is_json = false;
  bool begins_source = false;
  Place place;  // of the object
  ParsedText parsed;
};

// One object of a document: the document itself, or an item of a List.
struct ObjectPlace {
  nlohmann::json::json_pointer path;
  Place place;
};

Result<std::vector<Document>> LoadDocuments(const Inputs& inputs, std::istream& standard_input);

// The documents of one text; `source` is its name.
Result<std::vector<Document>> ReadDocuments(const std::string& text, const std::string& source);

std::vector<ObjectPlace> ObjectsOf(const Document& document);

}  // namespace remora::cli
