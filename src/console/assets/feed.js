// All stock, as a stream that is open while a view looks at it.
import {watch} from './events.js';
import {StockList} from './stock_list.js';

const kIntervalMs = 300;

class Feed {
  list = new StockList(); // kept while no view looks, and then put right by the next snapshot
  state = 'connecting'; // or 'live', or 'lost'
  error = null;
  complete = false; // the whole stock has been told at least once

  // listener(changed): the books that are other than before; none where only the state is. Until
  // the signal ends.
  follow(listener, signal) {
    const message = ({changes, snapshot_done: done}) => {
      if (done) this.complete = true;
      listener(this.list.apply(changes, performance.now()));
    };
    const state = (now, error = null) => {
      if (now === this.state && error === this.error) return;
      Object.assign(this, {state: now, error});
      listener([]);
    };
    watch({min_interval_ms: kIntervalMs}, {message, state}, signal);
  }
}

export const feed = new Feed();
