// PatternSource: where the admission handlers get the patterns and Namespaces of this moment.
//
// Declared here by its consumer; ListerPatternSource is the product's, a fixed index the tests'.
// Thread-safety: implementations are internally synchronised.
// Errors: none.
//
// Example
//   const auto index = source.Current();
//   if (!index) return Refuse(response, 503, "not ready: " + source.Missing());
#pragma once

#include <memory>
#include <string>

#include "operator/injection/pattern_index.h"

namespace remora::webhook {

class PatternSource {
 public:
  virtual ~PatternSource() = default;
  // Null until everything has been read once: an answer on half the patterns would be a wrong one.
  virtual std::shared_ptr<const injection::PatternIndex> Current() const = 0;
  // What has not been read yet, as a list for people: "sidecars, namespaces". Empty: nothing.
  virtual std::string Missing() const = 0;
};

}  // namespace remora::webhook
