// Credentials of a server that show the pair in force when a connection begins.
//
// Through the fetcher of gRPC's C interface, which asks before each handshake: so what is shown has
// been found to be a pair, and is the same as over HTTP.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "access/tls_files.h"

namespace inventory {

// `files` and what is returned outlive the server.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsFiles& files);

}  // namespace inventory
