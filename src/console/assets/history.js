// What a book's movements say of its past, and an order's of its steps. Pure.

// Reservations that these movements, newest first, leave open: {order, quantity, since}, newest
// first, until their units are `locked`.
export function openReservations(movements, locked) {
  const ended = new Set();
  const open = [];
  let found = 0;
  for (const movement of movements) {
    if (found >= locked) break;
    const order = movement.order_id;
    if (movement.change_type === 'reserve' && !ended.has(order)) {
      open.push({order, quantity: movement.quantity, since: Number(movement.created_at_ms)});
      found += movement.quantity;
    } else if (order !== '0') {
      ended.add(order);
    }
  }
  return {open, missing: Math.max(0, locked - found)};
}

// The movements as points of a line that holds its height until the next: oldest first, and before
// the first where the book stood then.
export function points(movements, read) {
  const line = [];
  for (let i = movements.length - 1; i >= 0; --i) {
    line.push({x: Number(movements[i].created_at_ms), y: read(movements[i])});
  }
  return line;
}

// Puts newly read movements (newest first) before or among those that are known.
export function merge(known, read) {
  const bySequence = new Map();
  for (const movement of [...known, ...read]) bySequence.set(movement.sequence, movement);
  return [...bySequence.values()].sort((a, b) => Number(b.sequence) - Number(a.sequence));
}
