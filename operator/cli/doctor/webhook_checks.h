// JudgeWebhooks: whether the API server is told to ask Remora what this version needs to be asked.
//
// Contract
//   - More conditions, rules and selectors than expected are an administrator's own business.
//   - Other mutating webhooks for Pods are named: what one adds after Remora was asked, Remora does
//     not see.
// Thread-safety: pure functions. Errors: none; what is not known is a Finding.
//
// Example
//   const Findings findings = JudgeWebhooks(facts);
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "operator/cli/doctor/facts.h"

namespace remora::cli::doctor {

Findings JudgeWebhooks(const Facts& facts);

// One of the configurations' entries that are called as expected; null where there is none.
const nlohmann::json* FindEntry(const Answer& configurations, std::string_view name);

// Whether the webhook is asked by a URL, and so runs where no Service leads to.
bool IsAskedByUrl(const Facts& facts);

// Who makes the webhook's certificate and the API server's trust in it, and so mends them.
enum class CertificateSource : std::uint8_t { kOperator, kCertManager, kUrl };
CertificateSource SourceOf(const Facts& facts);
std::string CertificateCure(const Facts& facts);

// The first namespace whose Pods `named` is asked about, going by its namespaceSelector; empty where
// there is none. Each with its labels, besides the one with its name.
using Labels = std::map<std::string, std::string>;
std::string PickAskedNamespace(const Answer& mutating,
                               const std::vector<std::pair<std::string, Labels>>& candidates);

}  // namespace remora::cli::doctor
