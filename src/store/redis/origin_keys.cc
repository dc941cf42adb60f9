#include "store/redis/origin_keys.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "redis/keys.h"
#include "store/redis/redis_server_facts.h"

namespace inventory {
namespace {

using Kind = RedisReply::Kind;

constexpr int kKeysAScan = 1'000;
constexpr std::string_view kStock = "stock:";
constexpr std::string_view kDeduct = "deduct:stock:";
constexpr std::string_view kRelease = "release:stock:";

// An id as the Go service wrote it, without zeros before it.
std::optional<std::uint64_t> ParseId(std::string_view text) {
  std::uint64_t id = 0;
  if (!absl::SimpleAtoi(std::string(text), &id) || absl::StrCat(id) != text) return std::nullopt;
  return id;
}

// "<book>:<order>"
std::optional<LineKey> ParseLine(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return std::nullopt;
  const auto book = ParseId(text.substr(0, colon));
  const auto order = ParseId(text.substr(colon + 1));
  if (!book || *book == 0 || !order) return std::nullopt;
  return LineKey{*order, *book};
}

// A key's value; nullopt: it has none any more, or is of another type.
struct FoundKey {
  std::string key;
  std::optional<std::string> value;
};

// Pages through the keys of a prefix. A key may come twice.
class KeyPages {
 public:
  KeyPages(RedisConnection& connection, RedisConnection::Generation generation,
           std::string_view prefix)
      : connection_(connection), generation_(generation), prefix_(prefix) {}

  bool ended() const { return cursor_ == "0" && begun_; }
  absl::StatusOr<std::vector<FoundKey>> Next();

 private:
  absl::StatusOr<RedisReply> Call(RedisConnection::Command command);

  RedisConnection& connection_;
  const RedisConnection::Generation generation_;
  const std::string prefix_;
  std::string cursor_ = "0";
  bool begun_ = false;
};

absl::StatusOr<RedisReply> KeyPages::Call(RedisConnection::Command command) {
  ASSIGN_OR_RETURN(RedisReply reply, connection_.Call(std::move(command), generation_));
  if (reply.is(Kind::kArray)) return reply;
  return absl::UnavailableError(absl::StrCat("nothing was done: Redis answered ", reply.text));
}

absl::StatusOr<std::vector<FoundKey>> KeyPages::Next() {
  begun_ = true;
  ASSIGN_OR_RETURN(const RedisReply page,
                   Call({"SCAN", cursor_, "MATCH", absl::StrCat(prefix_, "*"), "COUNT",
                         absl::StrCat(kKeysAScan)}));
  if (page.elements.size() != 2) return absl::InternalError("SCAN answered in no form");
  cursor_ = page.elements[0].text;
  std::vector<FoundKey> found;
  if (page.elements[1].elements.empty()) return found;
  RedisConnection::Command get{"MGET"};
  for (const RedisReply& key : page.elements[1].elements) get.push_back(key.text);
  const std::vector<std::string> keys(get.begin() + 1, get.end());
  ASSIGN_OR_RETURN(const RedisReply values, Call(std::move(get)));
  if (values.elements.size() != keys.size()) {
    return absl::InternalError("MGET answered in no form");
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const RedisReply& value = values.elements[i];
    found.push_back({keys[i], value.is(Kind::kNil) ? std::nullopt : std::optional(value.text)});
  }
  return found;
}

// Everything that the Go service has there, judged.
class OriginKeys {
 public:
  OriginKeys(RedisConnection& connection, RedisConnection::Generation generation)
      : connection_(connection), generation_(generation) {}

  absl::Status Read();
  // What is fit; once.
  OriginFigures Take();
  // Compares a page of the stock's keys with what was read. False: all of them are as they were.
  absl::StatusOr<bool> LookAgain();

 private:
  struct Marker {
    bool returned = false;
    Quantity quantity = 0;
  };

  // `visit` of each key of the prefix that is there.
  template <typename Visit>
  absl::Status ForEach(std::string_view prefix, Visit visit);
  absl::Status Verdict() const;
  void TakeStock(const FoundKey& found);
  void TakeMarker(const FoundKey& found, std::string_view prefix);

  RedisConnection& connection_;
  const RedisConnection::Generation generation_;
  absl::flat_hash_map<BookId, Quantity> stock_;
  absl::flat_hash_map<LineKey, Marker> markers_;
  UnfitFound unfit_;
  std::optional<KeyPages> again_;
  absl::flat_hash_set<BookId> seen_again_;
};

template <typename Visit>
absl::Status OriginKeys::ForEach(std::string_view prefix, Visit visit) {
  for (KeyPages pages(connection_, generation_, prefix); !pages.ended();) {
    ASSIGN_OR_RETURN(const std::vector<FoundKey> page, pages.Next());
    for (const FoundKey& found : page) {
      if (!found.value) {
        ASSIGN_OR_RETURN(const RedisReply type, connection_.Call({"TYPE", found.key}, generation_));
        if (type.text == "none") continue;  // its TTL has ended meanwhile
        unfit_.Add(absl::StrCat(found.key, " is a ", type.text));
        continue;
      }
      visit(found);
    }
    if (markers_.size() > kMostOriginMarkers) {
      return absl::FailedPreconditionError(
          absl::StrCat("nothing was done: there are more than ", kMostOriginMarkers,
                       " markers deduct:stock:* and release:stock:*; with the Go service stopped "
                       "they end within "
                       "an hour: try again then"));
    }
  }
  return absl::OkStatus();
}

// The stock first, so that LookAgain sees what was sold while the markers were read.
absl::Status OriginKeys::Read() {
  RETURN_IF_ERROR(ForEach(kStock, [this](const FoundKey& found) { TakeStock(found); }));
  for (const std::string_view prefix : {kDeduct, kRelease}) {
    RETURN_IF_ERROR(
        ForEach(prefix, [this, prefix](const FoundKey& found) { TakeMarker(found, prefix); }));
  }
  if (unfit_.count() == 0 && stock_.empty()) {
    return absl::FailedPreconditionError(
        "nothing to take over: Redis holds no keys stock:* (is redis.db the Go service's?); where "
        "its tables in the database hold the true figures, take them over with store: mysql, then "
        "`inventoryctl handover --to redis`");
  }
  return Verdict();
}

absl::Status OriginKeys::Verdict() const {
  if (unfit_.count() == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "nothing was taken over: ", unfit_.count(), " keys in Redis are not fit: ", unfit_.Names(),
      "; a book's id is at least 1, its stock a number from 0 to ", kMaxStock,
      ", and a marker is a text and has a book: correct or delete these keys and try again"));
}

void OriginKeys::TakeStock(const FoundKey& found) {
  const auto book = ParseId(std::string_view(found.key).substr(kStock.size()));
  if (!book || *book == 0) return unfit_.Add(absl::StrCat(found.key, " names no book"));
  Quantity stock = 0;
  if (!absl::SimpleAtoi(*found.value, &stock) || stock < 0) {
    return unfit_.Add(absl::StrCat(found.key, " holds '", found.value->substr(0, 30), "'"));
  }
  stock_[*book] = stock;
}

void OriginKeys::TakeMarker(const FoundKey& found, std::string_view prefix) {
  const auto line = ParseLine(std::string_view(found.key).substr(prefix.size()));
  if (!line) return unfit_.Add(absl::StrCat(found.key, " names no book and order"));
  if (line->order == 0) return;
  if (!stock_.contains(line->book)) {
    return unfit_.Add(absl::StrCat(found.key, " without stock:", line->book));
  }
  Marker& marker = markers_[*line];
  if (prefix == kRelease) {
    marker.returned = true;
    return;
  }
  // '1' is a mark, as the Go service made it; any other number would be the quantity.
  Quantity quantity = 0;
  const bool is_number = absl::SimpleAtoi(*found.value, &quantity);
  marker.quantity = is_number && quantity > 1 ? quantity : 0;
}

OriginFigures OriginKeys::Take() {
  OriginFigures figures;
  for (const auto& [book, stock] : stock_) figures.books.push_back({book, stock});
  std::sort(figures.books.begin(), figures.books.end(),
            [](const OriginBook& a, const OriginBook& b) { return a.book < b.book; });
  for (const auto& [line, marker] : markers_) {
    figures.lines.push_back({line, marker.returned, marker.quantity});
  }
  markers_.clear();
  std::sort(figures.lines.begin(), figures.lines.end(),
            [](const OriginLine& a, const OriginLine& b) {
              return std::pair(a.key.book, a.key.order) < std::pair(b.key.book, b.key.order);
            });
  return figures;
}

absl::StatusOr<bool> OriginKeys::LookAgain() {
  const auto at_work = [](std::string_view key) {
    return absl::FailedPreconditionError(absl::StrCat(
        "nothing was taken over: ", std::string(key),
        " has changed meanwhile: the earlier Go service is at work; stop it and try again"));
  };
  if (!again_) again_.emplace(connection_, generation_, kStock);
  ASSIGN_OR_RETURN(const std::vector<FoundKey> page, again_->Next());
  for (const FoundKey& found : page) {
    const auto book = ParseId(std::string_view(found.key).substr(kStock.size()));
    Quantity stock = 0;
    const auto before = book ? stock_.find(*book) : stock_.end();
    if (before == stock_.end() || !found.value || !absl::SimpleAtoi(*found.value, &stock) ||
        stock != before->second) {
      return at_work(found.key);
    }
    seen_again_.insert(*book);
  }
  if (!again_->ended()) return true;
  if (seen_again_.size() != stock_.size()) return at_work("a key stock:*");
  return false;
}

}  // namespace

absl::StatusOr<AdoptedStock> AdoptOriginKeys(StoreParts& parts, bool dry_run) {
  const RedisConnection::Generation generation = parts.connection.generation();
  if (generation == 0) {
    return absl::UnavailableError("nothing was done: Redis is out of reach; see the log for why");
  }
  ASSIGN_OR_RETURN(const RedisServerFacts server, LookAtServer(parts.connection, generation));
  RETURN_IF_ERROR(CheckServer(server));
  ASSIGN_OR_RETURN(const RedisReply epoch,
                   parts.connection.Call({"EXISTS", EpochKey(kOnlyBucket)}, generation));
  if (!epoch.is(Kind::kInteger)) {
    return absl::UnavailableError(absl::StrCat("nothing was done: Redis answered ", epoch.text));
  }
  if (epoch.integer != 0) {
    return absl::FailedPreconditionError(
        "nothing to take over: what Redis holds is this service's own (it has the key epoch); it "
        "was taken over before, or belongs to another database, or redis.db is the wrong one");
  }
  OriginKeys keys(parts.connection, generation);
  RETURN_IF_ERROR(keys.Read());
  const OriginFigures figures = keys.Take();
  absl::StatusOr<AdoptedStock> adopted =
      parts.ledger.Adopt(figures, dry_run, [&keys] { return keys.LookAgain(); });
  parts.look_again();
  return adopted;
}

}  // namespace inventory
