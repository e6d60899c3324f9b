#include "operator/injection/compiled_pattern.h"

#include "operator/injection/pattern_compiler.h"

namespace remora::injection {

Result<std::shared_ptr<const CompiledPattern>> CompiledPattern::Compile(api::Pattern pattern) {
  std::shared_ptr<CompiledPattern> compiled(new CompiledPattern(std::move(pattern)));
  auto done = PatternCompiler(*compiled).Run();
  if (!done.ok()) return done.error();
  return std::shared_ptr<const CompiledPattern>(std::move(compiled));
}

bool CompiledPattern::UsesPorts() const {
  return !declared_ports.empty() || !endpoints.empty() || metrics_port.has_value();
}

}  // namespace remora::injection
