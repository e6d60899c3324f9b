// What the namespace says to the resources of a container that is to be added.
#include <algorithm>

#include "operator/injection/concerns/resources.h"

namespace remora::injection {

namespace {

using api::Reason;

std::string_view FieldName(bool is_limit) { return is_limit ? "limits" : "requests"; }

}  // namespace

// A default limit may be below the pattern's own request.
void ResourceWriter::CheckOrder() {
  for (const Entry& entry : entries_) {
    const auto& [name, request, limit] = entry;
    if (!request.quantity || !limit.quantity || *request.quantity <= *limit.quantity) continue;
    const LimitRangeFacts* range = limit.range != nullptr ? limit.range : request.range;
    const std::string_view origin =
        range == nullptr ? std::string_view()
                         : context_.Text({", which is the default of LimitRange ", range->name,
                                          " in namespace ", context_.request.namespace_name});
    Refuse(candidate_, range == nullptr ? Reason::kResources : Reason::kLimitRange,
           Sentence(context_, candidate_,
                    {" has in ", where_, " a request of ", name, " of ", request.text,
                     request.range != nullptr ? origin : "", " above the limit of ", limit.text,
                     limit.range != nullptr ? origin : ""}));
  }
}

void ResourceWriter::CheckRanges() {
  if (limits_ == nullptr) return;
  for (const auto& range : limits_->ranges) {
    for (const ResourceLimit& limit : range->limits) CheckRange(*range, limit);
  }
}

void ResourceWriter::CheckRange(const LimitRangeFacts& range, const ResourceLimit& limit) {
  const Entry* entry = Find(limit.resource);
  const Field none;
  const Field& request = entry == nullptr ? none : entry->request;
  const Field& most = entry == nullptr ? none : entry->limit;
  for (const bool is_limit : {true, false}) {
    const Field& field = is_limit ? most : request;
    if (!field.is_set) {
      // A default exists for what `min` and `max` ask for; a ratio brings none.
      if (limit.kind == LimitKind::kRatio) {
        RefuseRange(range, limit, context_.Text({"no ", is_limit ? "limit" : "request"}));
      }
      continue;
    }
    if (!field.quantity) continue;
    const bool bad =
        (limit.kind == LimitKind::kMinimum && *field.quantity < limit.value.quantity) ||
        (limit.kind == LimitKind::kMaximum && *field.quantity > limit.value.quantity);
    if (!bad) continue;
    RefuseRange(range, limit,
                context_.Text({"a ", is_limit ? "limit" : "request", " of ", field.text}));
  }
  if (limit.kind != LimitKind::kRatio || !request.quantity || !most.quantity) return;
  // limit / request > ratio, in thousandths; Kubernetes also refuses a request of zero.
  const Int128 ratio = limit.value.quantity.milli();
  const long double allowed =
      static_cast<long double>(ratio) * static_cast<long double>(request.quantity->milli());
  if (!request.quantity->IsZero() && !most.quantity->IsZero() &&
      static_cast<long double>(most.quantity->milli()) * 1000 <= allowed) {
    return;
  }
  RefuseRange(range, limit,
              context_.Text({"a limit of ", most.text, " and a request of ", request.text}));
}

void ResourceWriter::RefuseRange(const LimitRangeFacts& range, const ResourceLimit& limit,
                                 std::string_view found) {
  const std::string_view rule = limit.kind == LimitKind::kMinimum   ? " at least "
                                : limit.kind == LimitKind::kMaximum ? " at most "
                                                                    : " limit to request at most ";
  Refuse(candidate_, Reason::kLimitRange,
         Sentence(
             context_, candidate_,
             {" breaks LimitRange ", range.name, " of namespace ", context_.request.namespace_name,
              ": ", limit.resource, rule, limit.value.text, ", but ", found, " in ", where_}));
}

void ResourceWriter::CheckQuotas() {
  if (limits_ == nullptr || context_.pod.has_resources) return;
  for (const auto& quota : limits_->quotas) {
    if (!Covers(*quota)) continue;
    for (const DemandedField& demand : quota->demands) {
      const Entry* entry = Find(demand.resource);
      if (entry != nullptr && (demand.is_limit ? entry->limit : entry->request).is_set) continue;
      return Refuse(candidate_, Reason::kQuotaFields,
                    Sentence(context_, candidate_,
                             {" has no ", FieldName(demand.is_limit), ".", demand.resource, " in ",
                              where_, ", but ResourceQuota ", quota->name, " of namespace ",
                              context_.request.namespace_name, " demands it of every container"}));
    }
  }
}

bool ResourceWriter::Covers(const QuotaFacts& quota) const {
  if (quota.deadline == DeadlineScope::kTerminating && !context_.pod.has_deadline) return false;
  if (quota.deadline == DeadlineScope::kNotTerminating && context_.pod.has_deadline) return false;
  return !quota.not_best_effort || !IsBestEffort();
}

// With this container.
bool ResourceWriter::IsBestEffort() const {
  const auto has_any = [](const ContainerFacts& container) {
    for (const char* list : {"requests", "limits"}) {
      const JsonValue resources = container.resources[list];
      if (resources["cpu"].exists() || resources["memory"].exists()) return true;
    }
    return false;
  };
  const PodFacts& pod = context_.pod;
  for (const std::string_view resource : {"cpu", "memory"}) {
    const Entry* entry = Find(resource);
    if (entry != nullptr && (entry->request.is_set || entry->limit.is_set)) return false;
  }
  return std::none_of(pod.containers.begin(), pod.containers.end(), has_any) &&
         std::none_of(pod.init_containers.begin(), pod.init_containers.end(), has_any);
}

}  // namespace remora::injection
