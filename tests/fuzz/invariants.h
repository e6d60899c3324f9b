// What a fuzzer demands beside "no crash": a broken demand ends the process, so that libFuzzer keeps
// the input.
//
// Thread-safety: pure functions.
//
// Example
//   Demand(answer["response"]["uid"] == uid, "the answer has another uid", body);
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "operator/injection/json_document.h"

namespace remora::testing {

// Says `sentence` and, where given, what it is about, and aborts unless `holds`.
void Demand(bool holds, std::string_view sentence, std::string_view about = {});

// What another parser thinks of a text.
struct Grammar {
  bool accepted = false;
  // It is JSON by RFC 8259, but the other parser has a limit or an opinion of its own: a number
  // beyond double, half of a surrogate pair, a byte-order mark, text behind a NUL.
  bool disputed = false;
  int depth = 0;
};
Grammar ReadGrammar(std::string_view text);

// Demands that JsonDocument and the other parser agree on whether that is JSON and, where both take
// it, on every value. Returns what the other one made of it; discarded where it is none.
nlohmann::json DemandSameJson(std::string_view text, injection::JsonDocument& document);

}  // namespace remora::testing
