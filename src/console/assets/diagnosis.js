// What is wrong, in words: each finding is a text of the catalogue and the figures in it. The texts
// `finding.<name>` say what it is, `finding.<name>.do` what to do about it.

const kQueueLimitShare = 0.5;
const kQueueLimit = 100_000;      // service.queue_limit as it comes; a queue half of it is no peak
const kLedgerLagMs = 5_000;
const kOutboxLimitShare = 0.5;
const kOutboxLimit = 1_000_000;
const kSlowSeconds = 0.1;

// `status`: GetStatus, or null where nobody answers; `rates`: of measure(), or null. The worst
// comes first; nothing: all is well.
export function diagnose({status, rates, fault}) {
  const found = [];
  const say = (level, name, values = {}) => found.push({level, name, values});
  if (fault) say('bad', faultName(fault), {message: fault.message, status: fault.status});
  if (status) {
    judgeStore(status, say);
    judgeFigures(figuresOf(status), say);
  }
  if (rates) judgeRates(rates, say);
  return found.sort((a, b) => (a.level === b.level ? 0 : a.level === 'bad' ? -1 : 1));
}

export function figuresOf(status) {
  return Object.fromEntries(status.figures.map(({name, value}) => [name, Number(value)]));
}

function faultName(fault) {
  if (fault.status === 401) return 'no_token';
  if (fault.status === 403) return 'wrong_role';
  return fault.status === 0 ? 'unreachable' : 'fault';
}

function judgeStore(status, say) {
  if (!status.serving) say('bad', 'not_serving', {reason: status.reason});
  if (status.store === 'memory') say('warn', 'memory_store');
}

function judgeFigures(figures, say) {
  const above = (name, limit) => (figures[name] ?? 0) > limit;
  if (above('lost', 0)) say('bad', 'lost', {count: figures.lost});
  if (above('quarantined', 0)) say('bad', 'quarantine', {count: figures.quarantined});
  if (above('drift', 0)) say('bad', 'drift', {count: figures.drift});
  if (above('queue_depth', kQueueLimit * kQueueLimitShare)) {
    say('warn', 'queue', {count: figures.queue_depth});
  }
  if (above('outbox', kOutboxLimit * kOutboxLimitShare)) say('warn', 'outbox', {count: figures.outbox});
  if (above('ledger_lag', kLedgerLagMs)) {
    say('warn', 'ledger_lag', {seconds: Math.round(figures.ledger_lag / 1000)});
  }
}

function judgeRates(rates, say) {
  if (rates.refusedFull > 0) say('bad', 'refused_full', {rate: rates.refusedFull});
  else if (rates.faults > 0) say('warn', 'faults', {rate: rates.faults});
  if (rates.p99 > kSlowSeconds) say('warn', 'slow', {milliseconds: Math.round(rates.p99 * 1000)});
}
