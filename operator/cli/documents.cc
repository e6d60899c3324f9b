#include "operator/cli/documents.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "operator/api/pattern.h"
#include "operator/cli/json_reader.h"
#include "operator/cli/text_stream.h"
#include "operator/cli/yaml_reader.h"

namespace remora::cli {

namespace {

namespace fs = std::filesystem;

ErrorCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kNotFound;
    case EACCES:
    case EPERM: return ErrorCode::kPermissionDenied;
    default: return ErrorCode::kUnavailable;
  }
}

// Among the stems of file names; nothing for a short one, where one letter is half of the name.
std::string NearestStem(const std::string& stem, const std::vector<std::string>& stems) {
  constexpr std::size_t kShortest = 3;
  if (std::find(stems.begin(), stems.end(), stem) != stems.end()) return stem;
  if (stem.size() < kShortest) return {};
  return std::string(api::NearestName(stem, {stems.begin(), stems.end()}));
}

// The name in the same directory that was probably meant. All files end in .yaml: that brings none
// of them nearer.
std::string NearestFile(const fs::path& path) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator it(directory, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    files.push_back(it->path().filename());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> stems;
  stems.reserve(files.size());
  for (const fs::path& file : files) stems.push_back(file.stem().string());
  const std::string nearest = NearestStem(path.stem().string(), stems);
  if (nearest.empty()) return {};
  const fs::path same_ending = nearest + path.extension().string();
  const bool has_same = std::find(files.begin(), files.end(), same_ending) != files.end();
  const auto first = std::find(stems.begin(), stems.end(), nearest) - stems.begin();
  const fs::path& file = has_same ? same_ending : files[static_cast<std::size_t>(first)];
  return path.has_parent_path() ? (path.parent_path() / file).string() : file.string();
}

Error CannotRead(const fs::path& path, int error_number) {
  std::string message =
      "cannot read " + path.string() + ": " + std::generic_category().message(error_number);
  if (error_number == ENOENT) {
    message = "cannot read " + path.string() + ": there is no such file or directory";
    if (const std::string nearest = NearestFile(path); !nearest.empty()) {
      message += "; did you mean " + nearest + "?";
    }
  }
  return Error(CodeOf(error_number), std::move(message));
}

Result<std::string> ReadAll(std::istream& in, const std::string& source) {
  std::string text;
  constexpr std::size_t kChunk = std::size_t{64} << 10;
  while (in && text.size() <= kMaxSourceBytes) {
    const std::size_t size = text.size();
    text.resize(size + kChunk);
    in.read(text.data() + size, static_cast<std::streamsize>(kChunk));
    text.resize(size + static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return CannotRead(source, errno);
  if (text.size() > kMaxSourceBytes) {
    return Error(ErrorCode::kInvalid, source + ": larger than " +
                                          std::to_string(kMaxSourceBytes >> 20) +
                                          " MiB; expected fewer objects in one file");
  }
  return text;
}

Result<std::string> ReadFile(const fs::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return CannotRead(path, errno == 0 ? EIO : errno);
  return ReadAll(in, path.string());
}

bool IsManifest(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

template <typename Iterator>
std::error_code CollectManifests(const fs::path& directory, std::vector<fs::path>& out) {
  std::error_code error;
  for (Iterator it(directory, error); !error && it != Iterator(); it.increment(error)) {
    std::error_code ignored;
    if (IsManifest(it->path()) && !it->is_directory(ignored)) out.push_back(it->path());
  }
  return error;
}

Result<std::vector<fs::path>> ListDirectory(const fs::path& directory, bool recursive) {
  std::vector<fs::path> files;
  const std::error_code error =
      recursive ? CollectManifests<fs::recursive_directory_iterator>(directory, files)
                : CollectManifests<fs::directory_iterator>(directory, files);
  if (error) return CannotRead(directory, error.value());
  if (files.empty()) {
    return Error(ErrorCode::kNotFound, directory.string() +
                                           ": no *.yaml, *.yml or *.json file in this directory" +
                                           (recursive ? "" : "; -R looks below it, too"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool EndsIn(const std::string& text, std::string_view ending) { return text.ends_with(ending); }

// JSON is read as JSON: YAML knows less escapes. A flow map of YAML also begins with a brace.
Result<ParsedText> ReadPart(const TextPart& part, const Place& place, bool& is_json) {
  if (part.looks_like_json) {
    auto parsed = ReadJson(part.body(), place);
    is_json = parsed.ok() || EndsIn(place.source, ".json");
    if (is_json) return parsed;
  }
  return ReadYaml(part.body(), place);
}

Result<void> AppendSource(const std::string& text, const std::string& source,
                          std::vector<Document>& out) {
  for (const TextPart& part : SplitTextStream(text)) {
    Document document;
    document.text = part.text;
    document.header = part.header();
    document.begins_source = part.text.data() == text.data();
    document.place = {source, part.body_line()};
    auto parsed = ReadPart(part, document.place, document.is_json);
    if (!parsed.ok()) return parsed.error();
    document.parsed = *std::move(parsed);
    out.push_back(std::move(document));
  }
  return {};
}

Result<void> AppendFile(const fs::path& path, std::vector<Document>& out) {
  auto text = ReadFile(path);
  if (!text.ok()) return text.error();
  return AppendSource(*text, path.string(), out);
}

Result<void> AppendPath(const std::string& name, bool recursive, std::istream& standard_input,
                        std::vector<Document>& out) {
  if (name == "-") {
    auto text = ReadAll(standard_input, "standard input");
    if (!text.ok()) return text.error();
    return AppendSource(*text, "standard input", out);
  }
  std::error_code ignored;
  if (!fs::is_directory(name, ignored)) return AppendFile(name, out);
  auto files = ListDirectory(name, recursive);
  if (!files.ok()) return files.error();
  for (const fs::path& file : *files) {
    if (auto appended = AppendFile(file, out); !appended.ok()) return appended;
  }
  return {};
}

bool IsList(const nlohmann::json& value) {
  if (!value.is_object()) return false;
  const auto kind = value.find("kind");
  const auto items = value.find("items");
  return kind != value.end() && kind->is_string() && items != value.end() && items->is_array() &&
         EndsIn(kind->get_ref<const std::string&>(), "List");
}

void AppendObjects(const Document& document, const nlohmann::json& value, const ObjectPlace& at,
                   std::vector<ObjectPlace>& out) {
  if (!IsList(value)) {
    if (value.is_object()) out.push_back(at);
    return;
  }
  const nlohmann::json& items = value["items"];
  for (std::size_t i = 0; i < items.size(); ++i) {
    ObjectPlace item{at.path / "items" / i, at.place};
    const auto line = document.parsed.lines.find(item.path.to_string());
    if (line != document.parsed.lines.end()) item.place.line = line->second;
    AppendObjects(document, items[i], item, out);
  }
}

}  // namespace

Result<std::vector<Document>> LoadDocuments(const Inputs& inputs, std::istream& standard_input) {
  std::vector<Document> documents;
  for (const std::string& path : inputs.paths) {
    auto appended = AppendPath(path, inputs.recursive, standard_input, documents);
    if (!appended.ok()) return appended.error();
  }
  return documents;
}

Result<std::vector<Document>> ReadDocuments(const std::string& text, const std::string& source) {
  std::vector<Document> documents;
  auto appended = AppendSource(text, source, documents);
  if (!appended.ok()) return appended.error();
  return documents;
}

std::vector<ObjectPlace> ObjectsOf(const Document& document) {
  std::vector<ObjectPlace> objects;
  AppendObjects(document, document.parsed.value,
                ObjectPlace{nlohmann::json::json_pointer(), document.place}, objects);
  return objects;
}

}  // namespace remora::cli
