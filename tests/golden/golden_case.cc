#include "tests/golden/golden_case.h"

#include <algorithm>
#include <fstream>

#include "operator/cli/documents.h"
#include "tests/golden/program.h"

namespace remora::testing {

namespace {

std::vector<nlohmann::json> ReadDocuments(const std::filesystem::path& path) {
  std::vector<nlohmann::json> documents;
  if (!std::filesystem::exists(path)) return documents;
  auto read = cli::ReadDocuments(ReadFile(path), path);
  REMORA_CHECK(read.ok());
  for (auto& document : *read) {
    if (!document.parsed.empty) documents.push_back(document.parsed.value);
  }
  return documents;
}

void WriteOrRemove(const std::filesystem::path& path, const std::string& text) {
  if (text.empty()) {
    std::filesystem::remove(path);
  } else {
    std::ofstream(path, std::ios::binary) << text;
  }
}

}  // namespace

GoldenCase GoldenCase::Load(const std::filesystem::path& folder) {
  GoldenCase result;
  result.folder = folder;
  result.name = folder.filename();
  result.pod = nlohmann::json::parse(ReadFile(folder / "pod.json"));
  result.namespace_name = result.pod["metadata"].value("namespace", "default");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "patterns")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    for (auto& document : ReadDocuments(file)) result.patterns.push_back(std::move(document));
  }
  result.namespaces = ReadDocuments(folder / "namespaces.yaml");
  return result;
}

std::string PrettyPatch(const std::string& patch) {
  const auto operations = nlohmann::ordered_json::parse(patch);
  std::string text = "[";
  for (const auto& operation : operations) {
    text += (text.size() > 1 ? ",\n " : "\n ") + operation.dump();
  }
  return text + (operations.empty() ? "]\n" : "\n]\n");
}

Answer ReadWanted(const std::filesystem::path& folder) {
  Answer answer;
  const std::string patch = ReadFile(folder / "want.patch.json");
  if (!patch.empty()) answer.patch = nlohmann::ordered_json::parse(patch).dump();
  answer.denied = ReadFile(folder / "want.denied.txt");
  if (!answer.denied.empty()) answer.denied.pop_back();
  answer.warnings = ReadFile(folder / "want.warnings.txt");
  return answer;
}

void WriteWanted(const std::filesystem::path& folder, const Answer& answer,
                 const std::string& explanation) {
  WriteOrRemove(folder / "want.patch.json", answer.patch.empty() ? "" : PrettyPatch(answer.patch));
  WriteOrRemove(folder / "want.denied.txt", answer.denied.empty() ? "" : answer.denied + "\n");
  WriteOrRemove(folder / "want.warnings.txt", answer.warnings);
  WriteOrRemove(folder / "want.explain.txt", explanation);
}

}  // namespace remora::testing
