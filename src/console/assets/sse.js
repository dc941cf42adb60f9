// Server-sent events, taken apart. EventSource would do it, but can send no token.
export class SseParser {
  #rest = '';
  #data = [];

  // The data of each event that these characters end. Comments and other fields are passed over.
  push(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines.map((one) => one.replace(/\r$/, ''))) {
      if (line.startsWith('data:')) {
        this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
      } else if (line === '' && this.#data.length > 0) {
        events.push(this.#data.join('\n'));
        this.#data = [];
      }
    }
    return events;
  }
}
