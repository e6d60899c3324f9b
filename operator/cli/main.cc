#include <iostream>

#include "operator/cli/command_line.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return remora::cli::RunCommandLine({argv, argv + argc}, {std::cin, std::cout, std::cerr});
}
