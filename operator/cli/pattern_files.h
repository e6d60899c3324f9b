// LoadPatterns: the patterns that stand in files, each with what is wrong with it.
//
// Contract
//   - A pattern that names no namespace is of OfflineOptions::namespace_name.
//   - Every object of group patterns.remora.dev counts, also one whose kind or version is unknown:
//     then there is a complaint and nothing stored.
// Thread-safety: none needed. Errors: those of LoadDocuments().
//
// Example
//   auto files = LoadPatterns({.inputs = {{"patterns/"}}}, std::cin);
//   for (const PatternObject& pattern : files->patterns) Use(pattern.complaint);
#pragma once

#include <istream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operator/base/result.h"
#include "operator/cli/documents.h"
#include "operator/cli/offline_cluster.h"
#include "operator/injection/pattern_index.h"

namespace remora::cli {

struct PatternObject {
  std::string kind;
  std::string namespace_name;
  std::string name;
  Place place;
  std::size_t document = 0;           // in PatternFiles::documents
  nlohmann::json::json_pointer path;  // in that document
  nlohmann::json object;              // with its namespace
  std::shared_ptr<const injection::StoredPattern> stored;
  std::string complaint;  // of the decoder or the compiler; begins with the field

  // "Sidecar shop/log-saver"
  std::string ToString() const {
    return name.empty() ? kind + " without a name" : kind + ' ' + namespace_name + '/' + name;
  }
};

struct PatternFiles {
  std::vector<Document> documents;
  std::vector<PatternObject> patterns;
  std::shared_ptr<const injection::PatternIndex> index;  // Namespaces too
  injection::Environment environment;
};

Result<PatternFiles> LoadPatterns(const OfflineOptions& options, std::istream& standard_input);

// Whether it is one of our three kinds, of whatever version.
bool IsPattern(const nlohmann::json& object);
bool IsNamespace(const nlohmann::json& object);

}  // namespace remora::cli
