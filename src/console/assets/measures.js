// What the overview shows, made of two readings of /metrics. The one place that knows their names.
import {growth, quantile, sum} from './prometheus.js';

const kCommands = 'inventory_commands_total';
const kDuration = 'inventory_call_duration_seconds';
const kFaults = 'inventory_call_faults_total';
const kRefusedFull = 'inventory_refused_full_total';
const kBatches = 'inventory_batches_total';
const kAccepted = 'inventory_accepted_commands_total';

const kSale = new Set(['deduct', 'confirm']);
const kChanges = new Set(['DeductStock', 'BatchDeductStock', 'ReserveStock', 'ConfirmReservation',
                          'CancelReservation', 'ReleaseStock', 'RestockInventory', 'AdjustStock']);

const isSale = ({verb, outcome}) => kSale.has(verb) && outcome === 'ok';
const isRefusal = ({outcome}) => outcome !== 'ok' && outcome !== 'duplicate';
const isChange = ({call}) => kChanges.has(call);

// Rates a second, latencies in seconds. NaN: nothing happened that could be measured.
export function measure(before, after, seconds) {
  const rateOf = (name, fits) => growth(before, after, name, fits) / seconds;
  const batches = growth(before, after, kBatches);
  return {
    sales: rateOf(kCommands, isSale),
    refusals: rateOf(kCommands, isRefusal),
    soldOut: rateOf(kCommands, ({outcome}) => outcome === 'insufficient_stock'),
    faults: rateOf(kFaults),
    refusedFull: rateOf(kRefusedFull),
    p50: quantile(0.5, before, after, kDuration, isChange),
    p99: quantile(0.99, before, after, kDuration, isChange),
    batches: batches / seconds,
    batchSize: batches > 0 ? growth(before, after, kAccepted) / batches : NaN,
  };
}

// A figure that stands for itself.
export function now(reading, name) {
  return reading.has(name) ? sum(reading, name) : NaN;
}
