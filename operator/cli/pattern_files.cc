#include "operator/cli/pattern_files.h"

#include <utility>

#include "operator/api/annotations.h"
#include "operator/api/pattern.h"
#include "operator/cli/workloads.h"

namespace remora::cli {

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

bool IsOfOurGroup(const json& object) {
  return StringAt(object, Pointer("/apiVersion")).starts_with(api::kPatternPrefix);
}

PatternObject ReadPattern(json object, const std::string& namespace_name) {
  const bool has_metadata = object.contains("metadata") && object["metadata"].is_object();
  if (has_metadata && StringAt(object, Pointer("/metadata/namespace")).empty()) {
    object["metadata"]["namespace"] = namespace_name;
  }
  PatternObject pattern;
  pattern.kind = StringAt(object, Pointer("/kind"));
  pattern.namespace_name = StringAt(object, Pointer("/metadata/namespace"));
  pattern.name = StringAt(object, Pointer("/metadata/name"));
  pattern.stored = injection::StoredPattern::FromObject(object);
  if (pattern.stored != nullptr) {
    pattern.complaint = pattern.stored->complaint;
  } else {
    auto decoded = api::DecodePattern(object);  // for its complaint
    pattern.complaint =
        decoded.ok() ? "metadata.name: missing; expected a name" : decoded.error().message();
  }
  pattern.object = std::move(object);
  return pattern;
}

}  // namespace

bool IsPattern(const json& object) {
  return IsOfOurGroup(object) && api::ParsePatternKind(StringAt(object, Pointer("/kind")));
}

bool IsNamespace(const json& object) {
  return StringAt(object, Pointer("/apiVersion")) == "v1" &&
         StringAt(object, Pointer("/kind")) == "Namespace";
}

Result<PatternFiles> LoadPatterns(const OfflineOptions& options, std::istream& standard_input) {
  PatternFiles files;
  files.environment = options.environment;
  auto documents = LoadDocuments(options.inputs, standard_input);
  if (!documents.ok()) return documents.error();
  files.documents = *std::move(documents);
  injection::PatternIndex::Builder builder;
  for (std::size_t i = 0; i < files.documents.size(); ++i) {
    for (const ObjectPlace& at : ObjectsOf(files.documents[i])) {
      const json& object = files.documents[i].parsed.value.at(at.path);
      if (IsNamespace(object)) builder.AddNamespace(injection::NamespaceFacts::FromObject(object));
      if (!IsOfOurGroup(object)) continue;
      PatternObject pattern = ReadPattern(object, options.namespace_name);
      pattern.place = at.place;
      pattern.document = i;
      pattern.path = at.path;
      builder.Add(pattern.stored);
      files.patterns.push_back(std::move(pattern));
    }
  }
  files.index = std::move(builder).Build();
  return files;
}

}  // namespace remora::cli
