#include "api/reconcile_stream.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace inventory {

// Held by the stream and by whatever answer the store owes, so that either may go first.
class ReconcileStream::State : public std::enable_shared_from_this<State> {
 public:
  State(StockStore& store, ReconcileQuery query) : store_(store), query_(std::move(query)) {}

  void Next(Respond respond) {
    if (page_told_ && !over_) return Ask(std::move(respond));
    Tell(respond);
  }

 private:
  void Ask(Respond respond) {
    store_.Reconcile(query_, [self = shared_from_this(), respond = std::move(respond)](
                                 absl::StatusOr<ReconcilePage> page) mutable {
      if (!page.ok()) {
        self->over_ = true;
        return respond(page.status(), nullptr);
      }
      self->Take(*std::move(page));
      self->Tell(respond);
    });
  }

  void Take(ReconcilePage page) {
    checked_ += page.checked;
    query_.after = page.next_after;
    over_ = page.next_after == 0;
    drifts_ = std::move(page.drifts);
    next_ = 0;
    page_told_ = false;
  }

  void Tell(Respond& respond) {
    if (page_told_) return respond(absl::OkStatus(), nullptr);
    v1::ReconcileResponse response;
    response.set_books_checked(checked_);
    if (next_ < drifts_.size()) {
      const BookDrift& drift = drifts_[next_++];
      response.set_book_id(drift.book);
      response.set_difference(drift.difference);
      response.set_repaired(drift.repaired);
    } else {
      page_told_ = true;
    }
    respond(absl::OkStatus(), &response);
  }

  StockStore& store_;
  ReconcileQuery query_;
  std::uint64_t checked_ = 0;
  std::vector<BookDrift> drifts_;  // of the last page
  std::size_t next_ = 0;           // to be told
  bool page_told_ = true;
  bool over_ = false;  // there are no more pages
};

ReconcileStream::ReconcileStream(StockStore& store, ReconcileQuery query)
    : state_(std::make_shared<State>(store, std::move(query))) {}
ReconcileStream::~ReconcileStream() = default;

void ReconcileStream::Next(Respond respond) { state_->Next(std::move(respond)); }

}  // namespace inventory
