#include "operator/runtime/host_name.h"

#include <unistd.h>

namespace remora::runtime {

std::string HostName() {
  constexpr std::size_t kLongestHostName = 256;
  std::string name(kLongestHostName, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  name.resize(name.find('\0'));
  return name.empty() ? "unknown" : name;
}

}  // namespace remora::runtime
