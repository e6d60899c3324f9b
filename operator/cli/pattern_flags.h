// PatternFlags: the flags of the commands that speak of a cluster's patterns and of its Remora, and the
// checks of what was given by them.
//
// Thread-safety: none needed. Errors: Invalid: one sentence.
// Lifetime: the options that a flag writes into outlive the command.
//
// Example
//   AddStatusFlags(command, options);
#pragma once

#include "operator/base/result.h"
#include "operator/cli/catalog_command.h"
#include "operator/cli/doctor_command.h"
#include "operator/cli/history_command.h"
#include "operator/cli/revision_commands.h"
#include "operator/cli/status_command.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace remora::cli {

void AddStatusFlags(CLI::App& command, StatusOptions& options);
void AddHistoryFlags(CLI::App& command, HistoryOptions& options);
void AddPinFlags(CLI::App& command, RevisionOptions& options);
void AddRollbackFlags(CLI::App& command, RevisionOptions& options);
void AddDoctorFlags(CLI::App& command, DoctorOptions& options);
void AddCatalogFlags(CLI::App& command, CatalogOptions& options);

Result<void> CheckStatus(const StatusOptions& options);
// --diff takes a second revision, and so the KIND/NAME that stands behind it: it is put right.
Result<void> CheckHistory(HistoryOptions& options);
Result<void> CheckPin(const RevisionOptions& options);
Result<void> CheckRollback(const RevisionOptions& options);
Result<void> CheckDoctor(const DoctorOptions& options);
Result<void> CheckCatalog(const CatalogOptions& options);

}  // namespace remora::cli
