// Writes what hack/bench.sh sends: reviews for the webhook, and patterns for the API server.
//
// usage: write_inputs FOLDER PATTERNS

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/bench/inputs.h"

namespace {

using nlohmann::json;

bool Write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.flush();
  if (out) return true;
  std::cerr << "write_inputs: " << file.string() << " cannot be written\n";
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: write_inputs FOLDER PATTERNS\n";
    return 2;
  }
  using namespace remora::bench;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  const json patterns = {
      {"apiVersion", "v1"}, {"kind", "List"}, {"items", Patterns(std::stoul(argv[2]))}};
  const bool written =
      Write(folder / "review-8k.json", ReviewText(kSmallBytes, Asks::kOneCompanion)) &&
      Write(folder / "review-60k.json", ReviewText(kLargeBytes, Asks::kOneCompanion)) &&
      Write(folder / "patterns.json", patterns.dump());
  return written ? 0 : 1;
}
