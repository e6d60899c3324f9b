// ReadComplaints: what an API server says against an object, field by field.
//
// An Error carries the server's sentence alone; the fields are read from it.
// Thread-safety: pure function. Errors: none; a sentence without a field is one Complaint without.
//
// Example
//   ReadComplaints("Pod \"a\" is invalid: spec.containers[0].image: Required value (422 Invalid)");
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace remora::cli {

struct Complaint {
  std::string field;  // "spec.containers[0].image"; may be empty
  std::string sentence;
};

std::vector<Complaint> ReadComplaints(std::string_view message);

}  // namespace remora::cli
