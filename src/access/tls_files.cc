#include "access/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdint>

#include "base/status_macros.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

BioPtr Read(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

// OpenSSL would ask at the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

CertificatePtr FirstCertificate(const std::string& text) {
  const BioPtr bio = Read(text);
  return {PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr), X509_free};
}

// "Aug  1 09:15:00 2027 GMT"
std::string EndOf(const X509& certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()), BIO_free);
  ASN1_TIME_print(bio.get(), X509_get0_notAfter(&certificate));
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

absl::Status CheckPair(const TlsPair& pair) {
  const CertificatePtr certificate = FirstCertificate(pair.certificate);
  const BioPtr bio = Read(pair.key);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr),
                   EVP_PKEY_free);
  const bool fit = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!certificate) {
    return absl::InvalidArgumentError("tls.certificate: no certificate in PEM stands there");
  }
  if (!key) {
    return absl::InvalidArgumentError(
        "tls.key: no private key in PEM stands there, or one with a passphrase");
  }
  if (!fit) {
    return absl::InvalidArgumentError("tls.key is not the key of the first certificate");
  }
  return absl::OkStatus();
}

absl::Status TlsFiles::Load() {
  ASSIGN_OR_RETURN(WatchedFiles::Texts texts, files_.Read());
  return Take(std::move(texts));
}

void TlsFiles::LookAgain() {
  auto changed = files_.Changed();
  if (!changed) return;
  const absl::Status taken = changed->ok() ? Take(**std::move(changed)) : changed->status();
  if (taken.ok()) return;
  LogError("the certificate stays as it was: the changed files are not good",
           {{"reason", std::string(taken.message())}});
}

absl::Status TlsFiles::Take(WatchedFiles::Texts texts) {
  auto pair = std::make_shared<TlsPair>(TlsPair{std::move(texts[0]), std::move(texts[1])});
  RETURN_IF_ERROR(CheckPair(*pair));
  if (OthersMayRead(key_path_)) {
    LogWarn("every user of this machine may read the key; chmod o-r the file",
            {{"file", key_path_}});
  }
  const CertificatePtr certificate = FirstCertificate(pair->certificate);
  const std::string end = EndOf(*certificate);
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    LogWarn("the certificate has ended: callers will refuse it", {{"valid_until", end}});
  } else {
    LogInfo("a certificate is in force", {{"valid_until", end}});
  }
  MutexLock lock(mutex_);
  pair_ = std::move(pair);
  return absl::OkStatus();
}

std::shared_ptr<const TlsPair> TlsFiles::pair() const {
  MutexLock lock(mutex_);
  return pair_;
}

}  // namespace inventory
