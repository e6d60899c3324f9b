// Resources: requests and limits of a container of a pattern in this Pod.
//
// Contract
//   - What LimitRanger would write is written, so that it changes nothing after us; what a
//     LimitRange forbids is LimitRange, a field that a quota demands and that is absent QuotaFields.
//   - A Guaranteed Pod stays so: limits become requests, and without limits of cpu and memory it is
//     Resources. So is a request above its limit.
//   - Where the Pod has resources of its own (spec.resources), the pattern's are left out.
//   - resourcesPercent: of each of cpu and memory, the request is that share of the sum of the
//     targets' requests where any has one (absent ones are their limits), and the limit that of
//     their limits where all have one; else each is what the pattern's container says.
//   - The wait container is fitted into whatever the namespace asks for.
//   - Where none of this applies, the pattern's own text.
// Thread-safety: owner thread only.
// Lifetime: of one candidate.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/injection/concerns/concerns.h"
#include "operator/injection/quantity.h"

namespace remora::injection {

class ResourceWriter {
 public:
  ResourceWriter(Context& context, Candidate& candidate);

  // `,"resources":{...}`, where there is something to say.
  void Append(const CompiledContainer& container, std::pmr::string& json);
  void AppendWait(std::pmr::string& json);

 private:
  struct Field {
    bool is_set = false;
    std::string_view text;
    std::optional<Quantity> quantity;        // nothing: of no use to compare
    const LimitRangeFacts* range = nullptr;  // who gave it
  };
  struct Entry {
    std::string_view name;
    Field request;
    Field limit;
  };

  bool IsPlain(bool is_companion) const;
  void Read(std::string_view json);
  void ReadList(JsonValue list, bool is_limit);
  void TakeShares();
  void TakeShare(std::string_view resource, Quantity step);
  void FillDefaults();
  void FitWait();
  void FitWait(const ResourceLimit& limit);
  void KeepGuaranteed();
  void CheckOrder();
  void CheckRanges();
  void CheckRange(const LimitRangeFacts& range, const ResourceLimit& limit);
  void CheckQuotas();
  bool Covers(const QuotaFacts& quota) const;
  bool IsBestEffort() const;
  void Finish(std::pmr::string& json);
  void AppendList(std::string_view key, bool is_limit, std::pmr::string& json) const;

  Entry& At(std::string_view resource);
  const Entry* Find(std::string_view resource) const;
  static Field Given(const WrittenQuantity& value, const LimitRangeFacts* range);
  static Field Literal(std::string_view text);
  void RefuseRange(const LimitRangeFacts& range, const ResourceLimit& limit,
                   std::string_view found);

  Context& context_;
  Candidate& candidate_;
  const NamespaceLimits* limits_;  // null: none
  bool guaranteed_;
  std::string_view where_;
  std::string_view others_;  // members besides requests and limits: `,"claims":[...]`
  std::pmr::vector<Entry> entries_;
};

}  // namespace remora::injection
