// OpensslPointer: an object of OpenSSL that is freed by the function that belongs to it.
//
// Thread-safety: that of unique_ptr.
//
// Example
//   using Certificate = OpensslPointer<X509, X509_free>;
//   Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
#pragma once

#include <memory>

namespace remora {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

template <typename T, auto Free>
using OpensslPointer = std::unique_ptr<T, OpensslDeleter<Free>>;

}  // namespace remora
