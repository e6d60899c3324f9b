#include "operator/cli/uninject_command.h"

#include <utility>

#include "operator/cli/document_printer.h"
#include "operator/cli/workloads.h"
#include "operator/injection/undo.h"

namespace remora::cli {

namespace {

using nlohmann::json;

constexpr const char* kNamespace = "default";  // for messages only

// The object without what was injected; whether there was anything, or the complaint.
Result<bool> UndoObject(json& object) {
  const auto workload = FindWorkload(object, kNamespace);
  if (!workload) return false;
  json pod = PodOf(*workload, object);
  auto undone = injection::UndoInjection(pod);
  if (!undone.ok()) return undone.error().WithContext(workload->ToString());
  if (*undone) PutPod(*workload, pod, object);
  return undone;
}

}  // namespace

Result<ExitCode> RunUninject(const UninjectOptions& options, Console console) {
  auto documents = LoadDocuments(options.inputs, console.in);
  if (!documents.ok()) return documents.error();
  DocumentPrinter printer(console.out);
  bool refused = false;
  for (const Document& document : *documents) {
    json value = document.parsed.value;
    for (const ObjectPlace& at : ObjectsOf(document)) {
      const auto undone = UndoObject(value.at(at.path));
      if (undone.ok()) continue;
      refused = true;
      console.err << at.place.ToString() << ": refused: " << undone.error().message() << '\n';
    }
    printer.Print(document, value, {options.format, EmptyValues::kDropBlocks});
  }
  return refused ? ExitCode::kRefused : ExitCode::kFine;
}

}  // namespace remora::cli
