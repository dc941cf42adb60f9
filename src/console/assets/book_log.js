// A book's movements as far as they have been read: the newest ones again whenever something has
// happened, earlier ones when they are asked for.
import {Fault, get} from './api.js';
import {merge} from './history.js';
import {outcomeText} from './outcomes.js';

const kPage = 100;
const kPauseMs = 1_000; // between two readings of a book that is sold all the time
const kMostWaits = 30; // for a movement that has happened and is not in the log yet

export class BookLog {
  movements = []; // newest first, without a gap
  #book;
  #signal;
  #on;
  #next = ''; // where the earlier ones go on
  #reading = false;
  #again = false;
  #wanted = 0; // the sequence that the log is known to come to
  #waits = 0;

  // on.read(): there is more in `movements`. on.unknown(): there is no such book. on.fault(fault).
  constructor(book, on, signal) {
    this.#book = book;
    this.#on = on;
    this.#signal = signal;
  }

  get hasMore() {
    return this.#next !== '';
  }

  // Until the movement of that number is there: of the redis store it comes to the log a moment later
  // than to the stock.
  readUpTo(sequence) {
    this.#wanted = Number(sequence);
    this.#waits = 0;
    if (this.#isBehind()) this.readNewest();
  }

  // One reading at a time; what changes meanwhile is read after it.
  async readNewest() {
    this.#again = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    try {
      if (this.movements.length === 0 && !(await this.#isKnown())) return this.#on.unknown();
      this.#join(await this.#read(''));
      this.#on.read();
    } catch (fault) {
      if (!this.#signal.aborted) this.#on.fault(fault);
    } finally {
      this.#reading = false;
      const wait = this.#isBehind() && ++this.#waits <= kMostWaits;
      if ((this.#again || wait) && !this.#signal.aborted) {
        setTimeout(() => this.readNewest(), kPauseMs);
      }
    }
  }

  // Throws a Fault.
  async readEarlier() {
    const page = await this.#read(`&page_token=${encodeURIComponent(this.#next)}`);
    this.#next = page.next_page_token;
    this.movements = merge(this.movements, page.logs);
    this.#on.read();
  }

  #isBehind() {
    return Number(this.movements[0]?.sequence ?? 0) < this.#wanted;
  }

  // Where more has happened than a page holds, what was read before is let go.
  #join(page) {
    const last = this.movements[0]?.sequence;
    const joins = page.logs.some(({sequence}) => sequence === last);
    if (!joins) this.#next = page.next_page_token;
    this.movements = merge(joins ? this.movements : [], page.logs);
  }

  async #read(more) {
    return this.#ask(`/stock/${this.#book}/logs?page_size=${kPage}${more}`);
  }

  // Asked as one of a list, so that "no" is an ordinary answer.
  async #isKnown() {
    const {stocks} = await this.#ask(`/stock?ids=${this.#book}`);
    return stocks[0].code === 0;
  }

  async #ask(path) {
    const answer = await get(path, this.#signal);
    if (answer.code !== 0) throw new Fault(200, outcomeText(answer));
    return answer;
  }
}
