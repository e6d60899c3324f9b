// FieldPlaces: on which line of its document a field of an object stands.
//
// Thread-safety: owner thread only. Errors: none; a field that the text does not show (a merge
//   brings it, it is absent) has the place of the nearest value above it.
// Lifetime: the documents outlive it.
//
// Example
//   FieldPlaces places(documents);
//   places.Find({.document = 0, .object = at.path, .otherwise = at.place}, "spec.files[0].mode");
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/cli/documents.h"
#include "operator/cli/text_tree.h"

namespace remora::cli {

struct ObjectInText {
  std::size_t document = 0;             // its place in the list
  nlohmann::json::json_pointer object;  // in that document
  Place otherwise;                      // where the text has no tree
};

class FieldPlaces {
 public:
  explicit FieldPlaces(const std::vector<Document>& documents) : documents_(documents) {}

  Place Find(const ObjectInText& object, const std::string& field);

 private:
  const TextTree* TreeOf(std::size_t document);

  const std::vector<Document>& documents_;
  std::map<std::size_t, std::unique_ptr<const TextTree>> trees_;
};

}  // namespace remora::cli
