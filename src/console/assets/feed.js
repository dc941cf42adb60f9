// One stream of all stock for the whole page, begun when a view first wants it.
import {watch} from './events.js';
import {StockList} from './stock_list.js';

const kIntervalMs = 300;

class Feed {
  list = new StockList();
  state = 'connecting';  // or 'live', or 'lost'
  error = null;
  complete = false;      // the whole stock has been told at least once
  #listeners = new Set();
  #begun = false;

  // listener(changed): the books that are other than before; none where only the state is.
  subscribe(listener) {
    this.#listeners.add(listener);
    if (!this.#begun) {
      this.#begun = true;
      watch({min_interval_ms: kIntervalMs}, {
        begin() {},
        message: (update) => {
          if (update.snapshot_done) this.complete = true;
          this.#tell(this.list.apply(update.changes, performance.now()));
        },
        state: (state, error = null) => {
          if (state === this.state && error === this.error) return;
          this.state = state;
          this.error = error;
          this.#tell([]);
        },
      }, new AbortController().signal);
    }
    return () => this.#listeners.delete(listener);
  }

  #tell(changed) {
    for (const listener of this.#listeners) listener(changed);
  }
}

export const feed = new Feed();
