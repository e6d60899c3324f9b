#include "operator/injection/concerns/concerns.h"

#include "operator/injection/record.h"

namespace remora::injection {

using api::Reason;

std::pmr::string& NewString(Context& context, std::size_t capacity) {
  auto& text = *std::pmr::polymorphic_allocator<>(&context.arena).new_object<std::pmr::string>();
  text.reserve(capacity);
  return text;
}

std::string_view Sentence(const Context& context, const Candidate& candidate,
                          std::initializer_list<std::string_view> parts) {
  return context.Text({candidate.asked_by, ": ", api::PatternKindName(candidate.kind), " ",
                       candidate.name, context.Text(parts)});
}

void Refuse(Candidate& candidate, Reason reason, std::string_view message) {
  if (candidate.Refused()) return;
  candidate.refusal = reason;
  candidate.message = message;
}

Operation& AddOperation(Context& context, const Candidate& candidate, Operation operation) {
  operation.decision = static_cast<std::uint32_t>(&candidate - context.candidates.data());
  if (operation.recorded && WasOurs(context, candidate, operation)) operation.recorded = false;
  return context.plan.operations.emplace_back(operation);
}

bool WasOurs(const Context& context, const Candidate& candidate, const Operation& operation) {
  if (candidate.recorded < 0) return false;
  std::pmr::string pointer(&context.arena);
  AppendPointer(operation, pointer);
  const auto pattern = static_cast<std::uint32_t>(candidate.recorded);
  return operation.verb == Verb::kAdd ? context.previous.WasAdded(pattern, pointer)
                                      : context.previous.WasChanged(pattern, pointer);
}

std::string_view Rendered(Context& context, const Candidate& candidate, const Template& text) {
  constexpr std::size_t kUsual = 200;
  if (!text.HasReferences()) return text.LiteralText();
  std::pmr::string& out = NewString(context, kUsual);
  text.AppendTo(candidate.values, out);
  return out;
}

std::string_view RenderedAs(Context& context, Candidate& candidate, const Template& text,
                            const api::TextFormat& format) {
  const std::string_view rendered = Rendered(context, candidate, text);
  if (text.HasReferences() && (rendered.empty() || !format.fits(rendered) ||
                               rendered.find("$(") != std::string_view::npos)) {
    Refuse(candidate, Reason::kInvalidParameter,
           Sentence(context, candidate,
                    {": its references come to \"", Shown(context, rendered), "\"; expected ",
                     format.expectation}));
  }
  return rendered;
}

std::string_view Quoted(Context& context, std::string_view text) {
  std::pmr::string& out = NewString(context, text.size() + 2);
  AppendQuoted(text, out);
  return out;
}

}  // namespace remora::injection
