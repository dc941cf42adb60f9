// Numbers of units, as somebody types them.
const kMostUnits = 2_147_483_647;

// "1,200" or "-5": the number; null: it is none, or not one that is wanted here.
export function readUnits(text, {negative, zero}) {
  const digits = text.trim().replace(/[,\s]/g, '').replace('−', '-');
  if (!(negative ? /^[+-]?\d{1,10}$/ : /^\+?\d{1,10}$/).test(digits)) return null;
  const number = Number(digits);
  return Math.abs(number) <= kMostUnits && (zero || number !== 0) ? number : null;
}
