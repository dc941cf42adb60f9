#include "rpc/health.h"

#include <optional>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "rpc/message.h"

namespace inventory {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

bool Known(const std::string& service) {
  return service.empty() || service == "inventory.v1.InventoryService" ||
         service == "inventory.v1.InventoryAdminService";
}

grpc::ByteBuffer Answer(HealthCheckResponse::ServingStatus status) {
  HealthCheckResponse response;
  response.set_status(status);
  return Serialize(response);
}

HealthCheckResponse::ServingStatus ToStatus(bool serving) {
  return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

}  // namespace

// Tells the state when it is opened and whenever it changes; of a service that is not here, once
// that it is unknown.
class HealthService::WatchStream final : public ServedStream {
 public:
  WatchStream(HealthService& health, bool known) : health_(health), known_(known) {
    MutexLock lock(health_.mutex_);
    health_.watches_.insert(this);
  }

  ~WatchStream() override {
    Receiver waiting;
    {
      MutexLock lock(health_.mutex_);
      health_.watches_.erase(this);
      waiting = std::move(waiting_);
    }
    if (waiting) waiting(grpc::Status::CANCELLED, {});
  }

  void Next(Receiver done) override {
    HealthCheckResponse::ServingStatus status;
    {
      MutexLock lock(health_.mutex_);
      status = StatusLocked();
      if (status == told_) {
        waiting_ = std::move(done);
        return;
      }
      told_ = status;
    }
    done(grpc::Status::OK, Answer(status));
  }

  // What to call now that the state has changed, if anything. REQUIRES: the health's mutex, which
  // the analysis does not know to be the caller's.
  Receiver TakeChanged() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (!waiting_ || StatusLocked() == told_) return nullptr;
    told_ = StatusLocked();
    return std::exchange(waiting_, nullptr);
  }

 private:
  HealthCheckResponse::ServingStatus StatusLocked() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(health_.mutex_) {
    return known_ ? ToStatus(health_.serving_) : HealthCheckResponse::SERVICE_UNKNOWN;
  }

  HealthService& health_;
  const bool known_;
  Receiver waiting_ ABSL_GUARDED_BY(health_.mutex_);
  std::optional<HealthCheckResponse::ServingStatus> told_ ABSL_GUARDED_BY(health_.mutex_);
};

void HealthService::AddTo(ServedMethods& methods) {
  methods.unary["grpc.health.v1.Health.Check"] = [this](const grpc::ByteBuffer& bytes,
                                                        const CallContext&, UnaryReply& reply) {
    HealthCheckRequest request;
    if (const grpc::Status parsed = Parse(bytes, request); !parsed.ok()) {
      return reply.Send(parsed, {});
    }
    if (!Known(request.service())) {
      return reply.Send({grpc::StatusCode::NOT_FOUND, "no such service here"}, {});
    }
    reply.Send(grpc::Status::OK, Answer(ToStatus(serving())));
  };
  methods.streams["grpc.health.v1.Health.Watch"] = [this](const grpc::ByteBuffer& bytes) {
    return Watch(bytes);
  };
}

OpenedStream HealthService::Watch(const grpc::ByteBuffer& bytes) {
  HealthCheckRequest request;
  if (grpc::Status parsed = Parse(bytes, request); !parsed.ok()) return {std::move(parsed), {}};
  return {grpc::Status::OK, std::make_unique<WatchStream>(*this, Known(request.service()))};
}

bool HealthService::serving() const {
  MutexLock lock(mutex_);
  return serving_;
}

void HealthService::SetServing(bool serving) {
  std::vector<ServedStream::Receiver> changed;
  {
    MutexLock lock(mutex_);
    serving_ = serving;
    for (WatchStream* watch : watches_) {
      if (ServedStream::Receiver done = watch->TakeChanged()) changed.push_back(std::move(done));
    }
  }
  for (ServedStream::Receiver& done : changed) done(grpc::Status::OK, Answer(ToStatus(serving)));
}

}  // namespace inventory
