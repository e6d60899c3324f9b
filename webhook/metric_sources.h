// Metric sources: what is read when Prometheus asks, rather than counted as it happens.
//
// Thread-safety: what they return may be called from any thread.
// Lifetime: what they refer to outlives the last Metrics::Render().
//
// Example
//   metrics.AddSource(PatternFamilies(patterns));
//   metrics.AddSource(CertificateFamilies(certificate, clock));
#pragma once

#include "operator/base/clock.h"
#include "webhook/metrics.h"
#include "webhook/pattern_source.h"
#include "webhook/tls_certificate.h"

namespace remora::webhook {

// remora_patterns{kind,accepted}: none until the patterns have been read once.
Metrics::Source PatternFamilies(const PatternSource& patterns);

// remora_certificate_expiry_seconds{certificate}: from now; negative once it has expired.
Metrics::Source CertificateFamilies(const TlsCertificate& certificate, const Clock& clock);

}  // namespace remora::webhook
