#include "operator/injection/compiled_pattern.h"

#include <algorithm>

#include "operator/injection/pattern_compiler.h"

namespace remora::injection {

Result<std::shared_ptr<const CompiledPattern>> CompiledPattern::Compile(api::Pattern pattern) {
  std::shared_ptr<CompiledPattern> compiled(new CompiledPattern(std::move(pattern)));
  auto done = PatternCompiler(*compiled).Run();
  if (!done.ok()) return done.error();
  return std::shared_ptr<const CompiledPattern>(std::move(compiled));
}

bool CompiledPattern::UsesPorts() const {
  const auto listens = [](const CompiledEndpoint& endpoint) { return !endpoint.is_socket; };
  return (companion && !companion->declared_ports.empty()) || metrics_port.has_value() ||
         std::any_of(endpoints.begin(), endpoints.end(), listens);
}

}  // namespace remora::injection
