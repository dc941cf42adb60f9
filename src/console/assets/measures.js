// What the overview shows, made of two readings of /metrics. The one place that knows their names.
import {growth, quantile} from './prometheus.js';

const kOutcomes = 'inventory_outcomes_total';
const kDuration = 'inventory_call_duration_seconds';
const kFaults = 'inventory_call_faults_total';
const kRefusedFull = 'inventory_refused_full_total';
const kRefusedOutbox = 'inventory_refused_outbox_full_total';
const kBatchSize = 'inventory_batch_size';

const kSale = new Set(['deduct', 'confirm']);
const kChanges = new Set([
  'DeductStock',
  'BatchDeductStock',
  'ReserveStock',
  'ConfirmReservation',
  'CancelReservation',
  'ReleaseStock',
  'RestockInventory',
  'AdjustStock',
]);

const isSale = ({verb, outcome}) => kSale.has(verb) && outcome === 'ok';
const isRefusal = ({outcome}) => outcome !== 'ok' && outcome !== 'duplicate';
const isChange = ({method}) => kChanges.has(method);

// Rates a second, latencies in seconds. NaN: nothing happened that could be measured.
export function measure(before, after, seconds) {
  const rateOf = (name, fits) => growth(before, after, name, fits) / seconds;
  const batches = growth(before, after, `${kBatchSize}_count`);
  return {
    sales: rateOf(kOutcomes, isSale),
    refusals: rateOf(kOutcomes, isRefusal),
    calls: rateOf(`${kDuration}_count`),
    faults: rateOf(kFaults),
    refusedFull: rateOf(kRefusedFull),
    refusedOutbox: rateOf(kRefusedOutbox),
    p50: quantile(0.5, before, after, kDuration, isChange),
    p99: quantile(0.99, before, after, kDuration, isChange),
    batches: batches / seconds,
    batchSize: batches > 0 ? growth(before, after, `${kBatchSize}_sum`) / batches : NaN,
  };
}
