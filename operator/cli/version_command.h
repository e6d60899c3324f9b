// `remora version`: what this program was built from.
#pragma once

#include "operator/base/result.h"
#include "operator/cli/command.h"

namespace remora::cli {

Result<ExitCode> RunVersion(OutputFormat format, Console console);

}  // namespace remora::cli
