#include "operator/injection/concerns/resources.h"

#include <algorithm>
#include <array>

namespace remora::injection {

namespace {

using api::Reason;

constexpr std::array<std::string_view, 2> kComputeResources = {"cpu", "memory"};
constexpr std::string_view kWaitResources =
    R"({"requests":{"cpu":"10m","memory":"16Mi"},"limits":{"memory":"16Mi"}})";
constexpr std::string_view kWaitCpuLimit = "100m";
constexpr std::int64_t kMilliOfMebibyte = std::int64_t{1000} * 1024 * 1024;

std::string_view TextOf(JsonValue value, Arena& arena) {
  return value.is_string() ? value.String(arena).value_or("") : value.raw();
}

std::optional<Quantity> QuantityOf(JsonValue value, Arena& arena) {
  if (!value.exists()) return std::nullopt;
  return Quantity::Parse(TextOf(value, arena));
}

bool IsSet(JsonValue value) { return value.exists() && value.type() != JsonType::kNull; }

// Whether each container has limits of cpu and memory, and no request below them.
bool IsGuaranteed(const ContainerFacts& container, Arena& arena) {
  return std::all_of(kComputeResources.begin(), kComputeResources.end(), [&](auto resource) {
    const auto limit = QuantityOf(container.resources["limits"][resource], arena);
    if (!limit || limit->IsZero()) return false;
    const JsonValue request = container.resources["requests"][resource];
    return !IsSet(request) || QuantityOf(request, arena) == limit;
  });
}

bool IsGuaranteed(const PodFacts& pod, Arena& arena) {
  const auto is_guaranteed = [&](const ContainerFacts& c) { return IsGuaranteed(c, arena); };
  return !pod.has_resources && !pod.containers.empty() &&
         std::all_of(pod.containers.begin(), pod.containers.end(), is_guaranteed) &&
         std::all_of(pod.init_containers.begin(), pod.init_containers.end(), is_guaranteed);
}

}  // namespace

ResourceWriter::ResourceWriter(Context& context, Candidate& candidate)
    : context_(context),
      candidate_(candidate),
      limits_(context.patterns.FindLimits(context.request.namespace_name)),
      guaranteed_(IsGuaranteed(context.pod, context.arena)),
      entries_(&context.arena) {}

bool ResourceWriter::IsPlain(bool is_companion) const {
  return limits_ == nullptr && !context_.pod.has_resources && !guaranteed_ &&
         !(is_companion && candidate_.pattern->spec().resources_percent);
}

void ResourceWriter::Append(const CompiledContainer& container, std::pmr::string& json) {
  const auto& companion = candidate_.pattern->companion;
  const bool is_companion = companion && &container == &*companion;
  if (IsPlain(is_companion)) {
    if (container.resources.IsEmpty()) return;
    json += R"(,"resources":)";
    container.resources.AppendTo(candidate_.values, json);
    return;
  }
  where_ = context_.Text({container.where, ".resources"});
  Read(container.resources.IsEmpty() ? "{}" : Rendered(context_, candidate_, container.resources));
  if (is_companion) TakeShares();
  FillDefaults();
  KeepGuaranteed();
  Finish(json);
}

void ResourceWriter::AppendWait(std::pmr::string& json) {
  if (IsPlain(false)) {
    json += R"(,"resources":)";
    json += kWaitResources;
    return;
  }
  where_ = "the resources of its wait container";
  Read(kWaitResources);
  const auto demands_cpu_limit = [&](const auto& quota) {
    return std::any_of(quota->demands.begin(), quota->demands.end(),
                       [](const auto& d) { return d.is_limit && d.resource == "cpu"; });
  };
  const bool demanded =
      limits_ != nullptr && !context_.pod.has_resources &&
      std::any_of(limits_->quotas.begin(), limits_->quotas.end(), demands_cpu_limit);
  if (guaranteed_ || demanded) At("cpu").limit = Literal(kWaitCpuLimit);
  FillDefaults();
  FitWait();
  KeepGuaranteed();
  Finish(json);
}

void ResourceWriter::Read(std::string_view json) {
  entries_.clear();
  others_ = {};
  if (!context_.scratch.Parse(json).ok()) return;
  const JsonValue resources = context_.scratch.root();
  std::pmr::string others(&context_.arena);
  for (const JsonValue::Member member : resources.members()) {
    if (member.RawKey() == "requests" || member.RawKey() == "limits") continue;
    others += context_.Text({R"(,")", member.RawKey(), R"(":)", member.value().raw()});
  }
  others_ = context_.arena.Copy(others);
  if (context_.pod.has_resources) return;
  ReadList(resources["limits"], true);
  ReadList(resources["requests"], false);
}

// The document is another's soon: what stays is copied.
void ResourceWriter::ReadList(JsonValue list, bool is_limit) {
  for (const JsonValue::Member member : list.members()) {
    if (!IsSet(member.value())) continue;
    const auto name = member.Key(context_.arena);
    Entry& entry = At(context_.arena.Copy(name.value_or("")));
    Field& field = is_limit ? entry.limit : entry.request;
    field = Literal(context_.arena.Copy(TextOf(member.value(), context_.arena)));
    // Kubernetes: a request that is absent is the limit.
    if (is_limit) entry.request = field;
  }
}

void ResourceWriter::TakeShares() {
  if (!candidate_.pattern->spec().resources_percent || context_.pod.has_resources) return;
  TakeShare("cpu", Quantity::OfMilli(1));
  TakeShare("memory", Quantity::OfMilli(kMilliOfMebibyte));
}

void ResourceWriter::TakeShare(std::string_view resource, Quantity step) {
  const std::int64_t percent = *candidate_.pattern->spec().resources_percent;
  Quantity requests;
  Quantity limits;
  bool all_limited = !candidate_.targets.empty();
  for (const ContainerOccupancy* target : candidate_.targets) {
    const JsonValue own = target->facts().resources;
    const auto limit = QuantityOf(own["limits"][resource], context_.arena);
    const auto request = QuantityOf(own["requests"][resource], context_.arena);
    if (limit) limits = limits + *limit;
    if (request || limit) requests = requests + (request ? *request : *limit);
    all_limited = all_limited && limit;
  }
  const auto field = [&](Quantity sum) {
    const Quantity share = sum.Percent(percent, step);
    std::pmr::string text(&context_.arena);
    if (resource == "cpu") {
      share.AppendDecimal(text);
    } else {
      share.AppendBinary(text);
    }
    return Field{true, context_.arena.Copy(text), share, nullptr};
  };
  if (all_limited && !limits.IsZero()) At(resource).limit = field(limits);
  if (!requests.IsZero()) At(resource).request = field(requests);
}

void ResourceWriter::FillDefaults() {
  if (limits_ == nullptr) return;
  for (const auto& range : limits_->ranges) {
    for (const ResourceDefault& given : range->defaults) {
      Entry& entry = At(given.resource);
      if (!entry.limit.is_set && given.limit) entry.limit = Given(*given.limit, range.get());
      if (!entry.request.is_set && given.request) {
        entry.request = Given(*given.request, range.get());
      }
    }
  }
}

void ResourceWriter::FitWait() {
  if (limits_ == nullptr) return;
  for (const auto& range : limits_->ranges) {
    for (const ResourceLimit& limit : range->limits) FitWait(limit);
  }
}

void ResourceWriter::FitWait(const ResourceLimit& limit) {
  Entry& entry = At(limit.resource);
  const Field bound = Given(limit.value, nullptr);
  for (Field* field : {&entry.limit, &entry.request}) {
    if (!field->is_set || !field->quantity) continue;
    const bool below = *field->quantity < limit.value.quantity;
    const bool above = *field->quantity > limit.value.quantity;
    if (limit.kind == LimitKind::kMinimum && below) *field = bound;
    if (limit.kind == LimitKind::kMaximum && above) *field = bound;
  }
  if (entry.limit.is_set && entry.request.quantity > entry.limit.quantity) {
    entry.limit = entry.request;
  }
  if (limit.kind != LimitKind::kRatio) return;
  if (!entry.limit.is_set) {
    entry.limit = limit.resource == "cpu" ? Literal(kWaitCpuLimit) : entry.request;
  }
  entry.request = entry.limit;
}

void ResourceWriter::KeepGuaranteed() {
  if (!guaranteed_) return;
  for (const std::string_view resource : kComputeResources) {
    Entry& entry = At(resource);
    const auto& limit = entry.limit;
    if (limit.is_set && !(limit.quantity && limit.quantity->IsZero())) {
      entry.request = limit;
      continue;
    }
    return Refuse(candidate_, Reason::kResources,
                  Sentence(context_, candidate_,
                           {" has no limit of ", resource, " in ", where_,
                            ", with which the Pod would no longer be Guaranteed"}));
  }
}

void ResourceWriter::Finish(std::pmr::string& json) {
  CheckRanges();
  CheckOrder();
  CheckQuotas();
  if (candidate_.Refused()) return;
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  std::pmr::string members(&context_.arena);
  AppendList("limits", true, members);
  AppendList("requests", false, members);
  members += others_;
  if (members.empty()) return;
  json += R"(,"resources":{)";
  json += std::string_view(members).substr(1);
  json += '}';
}

// A request that is its limit is left out: Kubernetes writes it.
void ResourceWriter::AppendList(std::string_view key, bool is_limit, std::pmr::string& json) const {
  bool is_first = true;
  for (const Entry& entry : entries_) {
    const Field& field = is_limit ? entry.limit : entry.request;
    if (!field.is_set || (!is_limit && entry.limit.is_set && field.text == entry.limit.text)) {
      continue;
    }
    json += is_first ? context_.Text({R"(,")", key, R"(":{)"}) : ",";
    is_first = false;
    AppendQuoted(entry.name, json);
    json += ':';
    AppendQuoted(field.text, json);
  }
  if (!is_first) json += '}';
}

ResourceWriter::Entry& ResourceWriter::At(std::string_view resource) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.name == resource; });
  if (found != entries_.end()) return *found;
  Entry& entry = entries_.emplace_back();
  entry.name = resource;
  return entry;
}

const ResourceWriter::Entry* ResourceWriter::Find(std::string_view resource) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.name == resource; });
  return found == entries_.end() ? nullptr : &*found;
}

ResourceWriter::Field ResourceWriter::Given(const WrittenQuantity& value,
                                            const LimitRangeFacts* range) {
  return {true, value.text, value.quantity, range};
}

ResourceWriter::Field ResourceWriter::Literal(std::string_view text) {
  return {true, text, Quantity::Parse(text), nullptr};
}

}  // namespace remora::injection
