// The text format of /metrics, read into numbers, and what two readings of it say.

// A reading: name -> [{labels, value}].
export function parseMetrics(text) {
  const families = new Map();
  for (const line of text.split('\n')) {
    if (line === '' || line[0] === '#') continue;
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!found) continue;
    const [, name, labels, value] = found;
    if (!families.has(name)) families.set(name, []);
    families.get(name).push({labels: parseLabels(labels ?? ''), value: parseValue(value)});
  }
  return families;
}

function parseLabels(text) {
  const labels = {};
  for (const [, name, value] of text.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)) {
    labels[name] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
  }
  return labels;
}

function parseValue(text) {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

// The sum of a family's series that `fits` takes; 0 where there are none yet.
export function sum(reading, name, fits = () => true) {
  return (reading.get(name) ?? []).reduce(
    (total, {labels, value}) => total + (fits(labels) ? value : 0),
    0,
  );
}

// How much a counter grew; since the start, where it began anew in between.
export function growth(before, after, name, fits) {
  const was = sum(before, name, fits);
  const is = sum(after, name, fits);
  return is >= was ? is - was : is;
}

// A histogram's buckets as they grew between two readings: [{limit, count}], each count that of the
// bucket alone.
function bucketGrowth(before, after, name, fits) {
  const totals = new Map();
  for (const [reading, sign] of [
    [after, 1],
    [before, -1],
  ]) {
    for (const {labels, value} of reading.get(`${name}_bucket`) ?? []) {
      if (fits && !fits(labels)) continue;
      const limit = parseValue(labels.le);
      totals.set(limit, (totals.get(limit) ?? 0) + sign * value);
    }
  }
  let below = 0;
  return [...totals]
    .sort(([a], [b]) => a - b)
    .map(([limit, total]) => {
      const count = Math.max(0, total - below);
      below = Math.max(below, total);
      return {limit, count};
    });
}

// The value that the share `q` of what came between two readings stayed below, by the line between
// a bucket's limits, as Prometheus has it. NaN: nothing came.
export function quantile(q, before, after, name, fits) {
  const buckets = bucketGrowth(before, after, name, fits);
  const all = buckets.reduce((total, {count}) => total + count, 0);
  if (all === 0) return NaN;
  let rank = q * all;
  let from = 0;
  for (const {limit, count} of buckets) {
    if (count > 0 && rank <= count)
      return limit === Infinity ? from : from + (limit - from) * (rank / count);
    rank -= count;
    if (limit !== Infinity) from = limit;
  }
  return from;
}
