// What a sale costs beside an empty call: the same rpc code, client and machine, in ratios.
//
// Three servers run in processes of their own: one whose handlers return at once, one over the
// memory store, one over the embedded store. A client with one thread keeps calls in flight on one
// server after the other, round after round; the median round counts. Idle servers cost nothing.
//
//   empty_call_bench [folder] [rounds] [seconds a round] [calls in flight] [pollers]
//
// `folder` is where the embedded store is made and removed; choose the disk to be measured.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "client/load_client.h"
#include "rpc/message.h"
#include "rpc/served_rpc_server.h"
#include "store/embedded/embedded_store.h"
#include "store/memory/memory_store.h"

namespace inventory {
namespace {

constexpr int kBatchItems = 1'000;
constexpr BookId kBook = 1;
const std::string kService = "/inventory.v1.InventoryService/";

struct Plan {
  std::string folder = std::filesystem::temp_directory_path();
  int rounds = 7;
  double seconds = 1;
  int in_flight = 256;
  int pollers = 1;
};

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "empty_call_bench: %s\n", std::string(status.message()).c_str());
  std::exit(2);
}

// Handlers that answer at once with what a sale is answered, without looking at the request.
void AnswerAtOnce(ServedMethods& methods) {
  v1::DeductStockResponse sale;
  sale.set_message("扣减成功");
  sale.set_remaining_stock(1'000'000'000);
  v1::BatchDeductStockResponse batch;
  for (int i = 0; i < kBatchItems; ++i) batch.add_results()->set_remaining_stock(1'000'000'000 - i);
  const auto at_once = [](const grpc::ByteBuffer& answer) {
    return [answer](const grpc::ByteBuffer&, const CallContext&, UnaryReply& reply) {
      reply.Send(grpc::Status::OK, answer);
    };
  };
  methods.unary["inventory.v1.InventoryService.DeductStock"] = at_once(Serialize(sale));
  methods.unary["inventory.v1.InventoryService.BatchDeductStock"] = at_once(Serialize(batch));
}

// Never returns: serves until the parent is gone.
[[noreturn]] void Serve(StockStore& store, bool at_once, const Plan& plan, int port_pipe) {
  const auto service = InventoryService::Make(store, ServiceSettings{});
  InventoryApi api(*service, {});
  ServedMethods methods = MakeServedMethods(api);
  if (at_once) AnswerAtOnce(methods);
  Access access;
  auto server = StartRpcServer(std::move(methods), access, {"127.0.0.1", 0, plan.pollers});
  if (!server.ok()) Fail(server.status());
  const int port = (*server)->port();
  if (write(port_pipe, &port, sizeof(port)) != sizeof(port)) std::exit(2);
  for (;;) pause();
}

struct Server {
  std::string name;
  pid_t process = 0;
  std::unique_ptr<LoadClient> client;
  std::vector<double> calls_per_second;
  std::vector<double> server_cpu_us;  // a call
};

// Forks before the parent has threads. Returns the process and its port.
std::pair<pid_t, int> Fork(const std::function<void(int port_pipe)>& serve) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(2);
  const pid_t process = fork();
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(ends[1]);
  }
  int port = 0;
  if (read(ends[0], &port, sizeof(port)) != sizeof(port)) std::exit(2);
  return {process, port};
}

double CpuSeconds(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string word;
  double ticks = 0;
  for (int field = 1; file >> word; ++field) {
    if (field == 14 || field == 15) ticks += std::stod(word);  // user and system
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Makes the bytes of a request; every order is new.
class Requests {
 public:
  Requests(int items, OrderId after) : order_(after) {
    for (int i = 0; i < items; ++i) {
      v1::DeductStockRequest& item = *batch_.add_items();
      item.set_book_id(kBook);
      item.set_quantity(1);
    }
  }
  const std::string& Next() {
    for (v1::DeductStockRequest& item : *batch_.mutable_items()) item.set_order_id(++order_);
    if (batch_.items_size() == 1) {
      batch_.items(0).SerializeToString(&bytes_);
    } else {
      batch_.SerializeToString(&bytes_);
    }
    return bytes_;
  }

 private:
  v1::BatchDeductStockRequest batch_;
  OrderId order_;
  std::string bytes_;
};

void Run(Server& server, const std::string& method, Requests& requests, const Plan& plan,
         int in_flight) {
  LoadClient& client = *server.client;
  const double cpu_before = CpuSeconds(server.process);
  const auto begin = LoadClient::Clock::now();
  const auto end = begin + std::chrono::duration_cast<LoadClient::Clock::duration>(
                               std::chrono::duration<double>(plan.seconds));
  std::int64_t calls = 0;
  const auto take = [&] {
    const auto completion = client.Next(LoadClient::Clock::time_point::max());
    if (!completion || completion->status != grpc::StatusCode::OK) {
      Fail(absl::InternalError("a call failed: " + std::string(completion->error)));
    }
    ++calls;
  };
  while (LoadClient::Clock::now() < end) {
    while (client.in_flight() < in_flight) {
      client.Start(method, requests.Next(), std::nullopt, 0);
    }
    take();
  }
  while (client.in_flight() > 0) take();
  const std::chrono::duration<double> took = LoadClient::Clock::now() - begin;
  const auto count = static_cast<double>(calls);
  server.calls_per_second.push_back(count / took.count());
  server.server_cpu_us.push_back((CpuSeconds(server.process) - cpu_before) * 1e6 / count);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Compare(std::vector<Server>& servers, const std::string& method, int items, int in_flight,
             const Plan& plan) {
  // Orders of their own, so that none is a duplicate of another comparison's.
  const OrderId after = static_cast<OrderId>(items) << 40;
  std::vector<Requests> requests(servers.size(), Requests(items, after));
  for (Server& server : servers) {
    server.calls_per_second.clear();
    server.server_cpu_us.clear();
  }
  for (int round = 0; round < plan.rounds; ++round) {
    for (std::size_t i = 0; i < servers.size(); ++i) {
      Run(servers[i], kService + method, requests[i], plan, in_flight);
    }
  }
  std::printf("%s, %d item(s) a call, %d calls in flight\n", method.c_str(), items, in_flight);
  const double empty = Median(servers.front().calls_per_second);
  for (Server& server : servers) {
    const double calls = Median(server.calls_per_second);
    const auto [low, high] =
        std::minmax_element(server.calls_per_second.begin(), server.calls_per_second.end());
    std::printf("  %-9s %9.0f calls/s (%.0f-%.0f) %12.0f items/s  %7.1f us server CPU  %.2f\n",
                server.name.c_str(), calls, *low, *high, calls * items,
                Median(server.server_cpu_us), calls / empty);
  }
}

void Restock(LoadClient& client) {
  v1::RestockInventoryRequest request;
  request.set_book_id(kBook);
  request.set_quantity(std::numeric_limits<Quantity>::max());
  client.Start(kService + "RestockInventory", request.SerializeAsString(), std::nullopt, 0);
  client.Next(LoadClient::Clock::time_point::max());
}

int Main(const Plan& plan) {
  const std::filesystem::path folder =
      std::filesystem::path(plan.folder) / ("empty_call_bench." + std::to_string(getpid()));
  std::vector<Server> servers(3);
  std::vector<int> ports;
  const auto add = [&](std::size_t i, const std::string& name,
                       const std::function<void(int)>& serve) {
    const auto [process, port] = Fork(serve);
    servers[i].name = name;
    servers[i].process = process;
    ports.push_back(port);
  };
  const auto memory = [&plan](bool at_once) {
    return [&plan, at_once](int port_pipe) {
      const SteadyClock clock;
      Serve(*MakeMemoryStore(clock), at_once, plan, port_pipe);
    };
  };
  add(0, "empty", memory(true));
  add(1, "memory", memory(false));
  add(2, "embedded", [&](int port_pipe) {
    EmbeddedSettings settings;
    settings.path = folder;
    auto opened = OpenEmbeddedStore(settings);
    if (!opened.ok()) Fail(opened.status());
    Serve(*opened->store, false, plan, port_pipe);
  });
  for (std::size_t i = 0; i < servers.size(); ++i) {
    auto client = LoadClient::Connect(
        {"127.0.0.1:" + std::to_string(ports[i]), 1, std::max(plan.in_flight, 16)});
    if (!client.ok()) Fail(client.status());
    servers[i].client = *std::move(client);
    Restock(*servers[i].client);
  }
  Compare(servers, "DeductStock", 1, plan.in_flight, plan);
  Compare(servers, "BatchDeductStock", kBatchItems, 16, plan);
  for (const Server& server : servers) {
    kill(server.process, SIGKILL);
    waitpid(server.process, nullptr, 0);
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace inventory

int main(int argc, char** argv) {
  inventory::Plan plan;
  if (argc > 1) plan.folder = argv[1];
  if (argc > 2) plan.rounds = std::atoi(argv[2]);
  if (argc > 3) plan.seconds = std::atof(argv[3]);
  if (argc > 4) plan.in_flight = std::atoi(argv[4]);
  if (argc > 5) plan.pollers = std::atoi(argv[5]);
  return inventory::Main(plan);
}
