// Files: configuration rendered for this Pod, carried in annotations and mounted one by one from a
// downward-API volume, so that the image's other files stay.
#include "operator/api/annotations.h"
#include "operator/injection/concerns/concerns.h"

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::size_t kMostFileBytes = std::size_t{64} * 1024;  // of one pattern

}  // namespace

bool TakeAnnotationBytes(Context& context, Candidate& candidate, Occupancy& occupancy,
                         std::size_t bytes) {
  occupancy.annotation_bytes += bytes;
  if (occupancy.annotation_bytes + kRecordBytes <= kMostAnnotationBytes) return true;
  Refuse(
      candidate, Reason::kAnnotationsTooLarge,
      context.Text({candidate.asked_by, ": the files of ", api::PatternKindName(candidate.kind),
                    " ", candidate.name, " would bring the Pod's annotations to ",
                    context.Text(static_cast<std::int64_t>(occupancy.annotation_bytes)),
                    " bytes; Kubernetes allows 262144, and the record needs up to 16384 of them"}));
  return false;
}

void PlanFiles(Context& context, Candidate& candidate, Occupancy& occupancy) {
  const auto& files = candidate.pattern->files;
  if (files.empty()) return;
  std::size_t bytes = 0;
  std::pmr::string items(&context.arena);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string_view content = Rendered(context, candidate, files[i].content);
    bytes += content.size();
    if (bytes > kMostFileBytes) {
      return Refuse(
          candidate, Reason::kAnnotationsTooLarge,
          context.Text({candidate.asked_by, ": the files of ", api::PatternKindName(candidate.kind),
                        " ", candidate.name, " come to more than 65536 bytes in this Pod"}));
    }
    const std::string_view number = context.Text(static_cast<std::int64_t>(i));
    Operation operation;
    operation.list = List::kAnnotations;
    operation.key = context.Text({api::kFilesPrefix, candidate.name, ".", number});
    operation.json = Quoted(context, content);
    if (!TakeAnnotationBytes(context, candidate, occupancy,
                             operation.key.size() + content.size())) {
      return;
    }
    const std::string_view* present = context.pod.FindAnnotation(operation.key);
    if (present != nullptr && !WasOurs(context, candidate, operation)) {
      operation.verb = Verb::kSet;
      operation.before = Quoted(context, *present);
    }
    AddOperation(context, candidate, operation);
    const api::File& spec = candidate.pattern->spec().files[i];
    if (!items.empty()) items += ',';
    items += context.Text(
        {R"({"path":")", number, R"(","mode":)", context.Text(spec.mode),
         R"(,"fieldRef":{"fieldPath":)",
         Quoted(context, context.Text({"metadata.annotations['", operation.key, "']"})), "}}"});
  }
  const std::string_view volume = context.Text({candidate.name, "--files"});
  Operation operation;
  operation.list = List::kVolumes;
  operation.key = volume;
  operation.json = context.Text(
      {R"({"name":)", Quoted(context, volume), R"(,"downwardAPI":{"items":[)", items, "]}}"});
  AddVolume(context, candidate, occupancy, operation);
}

}  // namespace remora::injection
