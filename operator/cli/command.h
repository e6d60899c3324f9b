// What every command of `remora` shares: its streams and the meaning of its exit code.
//
// Contract
//   - A command returns an ExitCode, or an Error for what the user has to put right: it is printed
//     as one sentence, and the exit code is kUsage.
// Thread-safety: owner thread only. Lifetime: the streams outlive the Console.
#pragma once

#include <cstdint>
#include <istream>
#include <ostream>

namespace remora::cli {

enum class ExitCode : std::uint8_t { kFine = 0, kRefused = 1, kUsage = 2 };

enum class OutputFormat : std::uint8_t { kText, kYaml, kJson };

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

}  // namespace remora::cli
