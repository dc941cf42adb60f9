#include "tools/inventory-bench/flash_sale.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <queue>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/backoff.h"
#include "client/load_client.h"
#include "inventory/v1/inventory.pb.h"
#include "tools/inventory-bench/order_ids.h"

namespace inventory::bench {
namespace {

using Clock = LoadClient::Clock;
using std::chrono::milliseconds;

const std::string kDeduct = "/inventory.v1.InventoryService/DeductStock";
constexpr milliseconds kFirstBackoff{20};
constexpr milliseconds kLongestBackoff{1'000};
constexpr milliseconds kProgressEvery{100};
constexpr std::uint32_t kSoldOut = 40100;

struct Buyer {
  std::uint64_t order = 0;
  bool impatient = false;
  bool hasty = false;
  bool doubts = false;
  bool told_yes = false;
  bool told_no = false;
  int failures = 0;
  Clock::time_point first_call{};  // zero: not yet
};

// One thing a buyer wants to know; asked again until it is answered or no longer matters.
struct Question {
  int buyer = 0;
  bool doubt = false;  // asked after a yes: the answer must be yes again
};

bool MayTryAgain(grpc::StatusCode status) {
  return status == grpc::StatusCode::UNAVAILABLE || status == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

// One sale: the state of RunFlashSale.
class FlashSale {
 public:
  FlashSale(const FlashSalePlan& plan, LoadClient& client,
            absl::FunctionRef<void(const FlashSaleCounts&)> progress)
      : plan_(plan), client_(client), progress_(progress), random_(plan.seed) {
    OrderIds orders(OrderIdKind::kGrowing, std::chrono::system_clock::now());
    const auto one_in = [this](int n) { return random_() % n == 0; };
    buyers_.resize(plan.buyers);
    for (int i = 0; i < plan.buyers; ++i) {
      Buyer& buyer = buyers_[i];
      buyer.order = orders.Next();
      buyer.impatient = one_in(10);
      buyer.hasty = one_in(10);
      buyer.doubts = one_in(5);
      Ask({i, false});
      if (buyer.impatient) {
        ++result_.counts.duplicates;
        Ask({i, false});
      }
    }
  }

  FlashSaleResult Run() {
    const Clock::time_point begin = Clock::now();
    Clock::time_point shown = begin;
    while (open_questions_ > 0) {
      const Clock::time_point now = Clock::now();
      while (!later_.empty() && later_.top().when <= now) {
        ready_.push_back(later_.top().question);
        later_.pop();
      }
      while (!client_.full() && !ready_.empty()) {
        Send(ready_.front(), now);
        ready_.pop_front();
      }
      Clock::time_point until = now + kProgressEvery;
      if (!later_.empty()) until = std::min(until, later_.top().when);
      if (const auto completion = client_.Next(until)) Take(*completion);
      if (now - shown >= kProgressEvery) {
        progress_(result_.counts);
        shown = now;
      }
    }
    result_.time = Clock::now() - begin;
    CollectAnswers();
    return std::move(result_);
  }

 private:
  struct Later {
    Clock::time_point when;
    Question question;
    friend bool operator>(const Later& a, const Later& b) { return a.when > b.when; }
  };

  void Ask(Question question) {
    ready_.push_back(question);
    ++open_questions_;
  }

  void Send(Question question, Clock::time_point now) {
    Buyer& buyer = buyers_[question.buyer];
    const bool first = buyer.first_call == Clock::time_point{};
    if (first) buyer.first_call = now;
    const milliseconds timeout =
        buyer.hasty && first ? milliseconds(1 + random_() % 5) : plan_.timeout;
    request_.set_book_id(plan_.book);
    request_.set_quantity(1);
    request_.set_order_id(buyer.order);
    request_.SerializeToString(&bytes_);
    ++result_.counts.calls;
    client_.Start(kDeduct, bytes_, now + timeout,
                  static_cast<std::uint64_t>(question.buyer) * 2 + (question.doubt ? 1 : 0));
  }

  void Take(const LoadClient::Completion& completion) {
    const Question question{static_cast<int>(completion.tag / 2), completion.tag % 2 == 1};
    result_.tally.Ended(completion.status, completion.error);
    if (completion.status != grpc::StatusCode::OK) {
      TakeFailure(question, completion.status, std::string(completion.error));
      return;
    }
    --open_questions_;
    if (!response_.ParseFromArray(completion.response.data(),
                                  static_cast<int>(completion.response.size()))) {
      Problem(question, "got an answer that is no DeductStockResponse");
      return;
    }
    result_.tally.Answered(response_.code());
    if (response_.remaining_stock() < 0 || response_.remaining_stock() > plan_.copies) {
      Problem(question, absl::StrCat("was told that ", response_.remaining_stock(), " are left"));
    }
    if (response_.code() == 0) {
      TakeYes(question);
    } else if (response_.code() == kSoldOut) {
      TakeNo(question);
    } else {
      Problem(question, absl::StrCat("got code ", response_.code(), " ", response_.message()));
    }
  }

  void TakeYes(Question question) {
    Buyer& buyer = buyers_[question.buyer];
    if (buyer.told_no) Problem(question, "was told sold out, then yes, though nothing came back");
    if (buyer.told_yes) return;
    buyer.told_yes = true;
    ++result_.counts.bought;
    if (buyer.doubts) {
      ++result_.counts.duplicates;
      Ask({question.buyer, true});
    }
  }

  void TakeNo(Question question) {
    Buyer& buyer = buyers_[question.buyer];
    if (buyer.told_yes) Problem(question, "was told yes, then sold out");
    if (response_.remaining_stock() != 0) {
      Problem(question,
              absl::StrCat("was told sold out while ", response_.remaining_stock(), " were left"));
    }
    if (!buyer.told_no && !buyer.told_yes) ++result_.counts.sold_out;
    buyer.told_no = true;
  }

  void TakeFailure(Question question, grpc::StatusCode status, const std::string& error) {
    Buyer& buyer = buyers_[question.buyer];
    const Clock::time_point now = Clock::now();
    const bool moot = !question.doubt && (buyer.told_yes || buyer.told_no);
    const bool hopeless = !MayTryAgain(status);
    if (hopeless) Problem(question, absl::StrCat("got ", Name(status), ": ", error));
    if (moot || hopeless || now - buyer.first_call > plan_.patience) {
      --open_questions_;
      return;
    }
    ++result_.counts.retries;
    const double fraction = std::uniform_real_distribution<double>(0, 1)(random_);
    const milliseconds wait = Backoff(++buyer.failures, kFirstBackoff, kLongestBackoff, fraction);
    later_.push({now + wait, question});
  }

  void Problem(Question question, const std::string& what) {
    if (++result_.problem_count > FlashSaleResult::kProblemsKept) return;
    result_.problems.push_back(absl::StrCat("order ", buyers_[question.buyer].order, " ", what));
  }

  void CollectAnswers() {
    for (const Buyer& buyer : buyers_) {
      if (buyer.told_yes) {
        result_.answers.yes.insert(buyer.order);
      } else if (buyer.told_no) {
        result_.answers.no.insert(buyer.order);
      } else {
        result_.answers.nothing.insert(buyer.order);
        ++result_.counts.gave_up;
      }
    }
  }

  const FlashSalePlan& plan_;
  LoadClient& client_;
  const absl::FunctionRef<void(const FlashSaleCounts&)> progress_;
  std::mt19937_64 random_;

  std::vector<Buyer> buyers_;
  std::deque<Question> ready_;  // to be sent as soon as a slot is free
  std::priority_queue<Later, std::vector<Later>, std::greater<>> later_;
  int open_questions_ = 0;

  v1::DeductStockRequest request_;
  v1::DeductStockResponse response_;
  std::string bytes_;
  FlashSaleResult result_;
};

}  // namespace

FlashSaleResult RunFlashSale(const FlashSalePlan& plan, LoadClient& client,
                             absl::FunctionRef<void(const FlashSaleCounts&)> progress) {
  return FlashSale(plan, client, progress).Run();
}

}  // namespace inventory::bench
