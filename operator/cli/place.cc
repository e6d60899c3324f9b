#include "operator/cli/place.h"

#include <nlohmann/json.hpp>

namespace remora::cli {

std::string Quote(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  const nlohmann::json shown =
      text.size() <= kLongest ? std::string(text) : std::string(text.substr(0, kLongest)) + "...";
  return shown.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace remora::cli
