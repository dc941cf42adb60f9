// All books as they are now, and in what order to show them: plain data, so that 100,000 of them cost
// little each second.
import {compareIds} from './ids.js';

export class StockList {
  #books = new Map();
  #byId = []; // the books, ascending
  #unsorted = false;

  // Takes the changes of one update, and gives the books that are other than before. A book that was
  // there before carries `changedAt`: when its available stock became another.
  apply(changes, now) {
    const changed = [];
    for (const change of changes) {
      let book = this.#books.get(change.book_id);
      if (!book) {
        book = {id: change.book_id};
        this.#books.set(book.id, book);
        const last = this.#byId.at(-1);
        if (last && compareIds(last.id, book.id) > 0) this.#unsorted = true;
        this.#byId.push(book);
      }
      if (isSame(book, change)) continue;
      if (book.available !== undefined && book.available !== change.stock) book.changedAt = now;
      book.available = change.stock;
      book.locked = change.locked_stock;
      book.total = change.total_stock;
      book.sequence = change.sequence;
      book.low = change.low;
      changed.push(book);
    }
    return changed;
  }

  get size() {
    return this.#byId.length;
  }

  get(id) {
    return this.#books.get(id);
  }

  countLow() {
    return this.#byId.reduce((count, book) => count + (book.low ? 1 : 0), 0);
  }

  // order: {key: 'low' | 'id' | 'available' | 'locked' | 'total', descending}. `digits`: what the id
  // begins with. Books that are alike stand by id.
  select({digits = '', lowOnly = false, order}) {
    if (this.#unsorted) {
      this.#byId.sort((a, b) => compareIds(a.id, b.id));
      this.#unsorted = false;
    }
    const books = this.#byId.filter((book) => (!lowOnly || book.low) && book.id.startsWith(digits));
    return sorted(books, order);
  }
}

// As in the snapshot of a stream that was begun again.
function isSame(book, change) {
  return (
    book.sequence === change.sequence &&
    book.available === change.stock &&
    book.locked === change.locked_stock &&
    book.low === change.low
  );
}

// Array.sort keeps what is alike in its order.
function sorted(books, {key, descending}) {
  if (key === 'id') return descending ? books.reverse() : books;
  // Of the low ones those that have least.
  const value =
    key === 'low' ? (book) => (book.low ? book.available : Infinity) : (book) => book[key];
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return books.sort(
    descending ? (a, b) => compare(value(b), value(a)) : (a, b) => compare(value(a), value(b)),
  );
}
