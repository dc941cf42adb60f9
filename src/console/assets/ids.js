// Ids of 64 bits, as texts: numbers of JavaScript would round the large ones.
const kLargest = 18_446_744_073_709_551_615n;

// "42" of what somebody typed, or null: no id.
export function readId(text) {
  const digits = text.trim();
  if (!/^\d{1,20}$/.test(digits)) return null;
  const id = BigInt(digits);
  return id > 0n && id <= kLargest ? id.toString() : null;
}

// The order of ids without leading zeros.
export function compareIds(a, b) {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
