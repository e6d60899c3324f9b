// Prints Pods of the laws for the real API server: one JSON object a line, with the seed, the verdict
// and the Pod before and after.
//
// usage: law_pods FIRST_SEED COUNT
#include <cstdio>
#include <string>

#include "tests/property/law.h"

int main(int argc, char** argv) {
  using remora::testing::Case;
  using remora::testing::CaseOf;
  using remora::testing::Verdict;
  if (argc != 3) {
    std::fputs("usage: law_pods FIRST_SEED COUNT\n", stderr);
    return 2;
  }
  const std::uint32_t first = static_cast<std::uint32_t>(std::stoul(argv[1]));
  const std::uint32_t count = static_cast<std::uint32_t>(std::stoul(argv[2]));
  for (std::uint32_t seed = first; seed < first + count; ++seed) {
    const Case c = CaseOf(seed);
    const auto result = c.Inject(c.pod);
    const nlohmann::json line = {{"seed", seed},
                                 {"patched", result.verdict == Verdict::kPatched},
                                 {"before", c.pod},
                                 {"after", result.pod}};
    std::printf("%s\n", line.dump().c_str());
  }
  return 0;
}
