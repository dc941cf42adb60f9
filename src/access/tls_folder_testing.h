// For tests: a pair in files that can be replaced.
#pragma once

#include <fstream>
#include <string>

#include "access/tls_pair_testing.h"
#include "tests/support/temp_folder.h"

namespace inventory {

class TlsFolder {
 public:
  TlsFolder() { Write(pair); }

  void Write(const TlsPair& written) {
    std::ofstream(certificate()) << written.certificate;
    std::ofstream(key()) << written.key;
  }
  // Replaces the pair, and looks as often as a change needs.
  void Replace(TlsFiles& files) {
    pair = MakeTlsPair();
    Write(pair);
    files.LookAgain();
    files.LookAgain();
  }
  std::string certificate() const { return folder_.path() + "/certificate.pem"; }
  std::string key() const { return folder_.path() + "/key.pem"; }

  TlsPair pair = MakeTlsPair();

 private:
  TempFolder folder_;
};

}  // namespace inventory
