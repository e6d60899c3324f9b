#include <iostream>

#include "operator/cli/command_line.h"
#include "operator/cli/live_cluster.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const int exit_code =
      remora::cli::RunCommandLine({argv, argv + argc}, {std::cin, std::cout, std::cerr});
  std::cout.flush();
  return remora::cli::EndProcess(exit_code);
}
