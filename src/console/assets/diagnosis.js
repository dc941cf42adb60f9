// What is wrong, in words: each finding is a text of the catalogue and the figures in it. The texts
// `finding.<name>` say what it is, `finding.<name>.do` what to do about it. The limits are those of
// the alerts, which docs/operating.md says more about; here nothing has to last before it is told.

const kQueueMuch = 50_000; // half of service.queue_limit as it comes
const kLedgerLagMs = 60_000;
const kCheckpointLag = 10_000_000;
const kSlowSeconds = 0.25;
const kFaultShare = 0.01;

// The alert that means the same.
const kAlerts = {
  unreachable: 'InventoryDown',
  not_serving: 'InventoryNotServing',
  faults: 'InventoryFaults',
  refused_full: 'InventoryQueueFull',
  refused_outbox: 'InventoryOutboxFull',
  slow: 'InventorySlow',
  checkpoint: 'InventoryCheckpointBehind',
  lost: 'InventoryLost',
  quarantine: 'InventoryQuarantine',
  drift: 'InventoryDrift',
  ledger_lag: 'InventoryLedgerBehind',
};

// `status`: GetStatus, or null where nobody answers; `rates`: of measure(), or null; `fault`: why
// nobody could be asked, or null. The worst comes first; nothing: all is well.
// A finding: {level: 'bad' | 'warn', name, values, alert: its name or undefined}.
export function diagnose({status, rates, fault}) {
  const found = [];
  const say = (level, name, values = {}) => found.push({level, name, values, alert: kAlerts[name]});
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
  const judge = (figure, limit, level, name, values = {count: figures[figure]}) => {
    if (figures[figure] > limit) say(level, name, values);
  };
  judge('lost', 0, 'bad', 'lost');
  judge('quarantined_books', 0, 'bad', 'quarantine');
  judge('drift', 0, 'bad', 'drift');
  judge('queue_depth', kQueueMuch, 'warn', 'queue');
  judge('checkpoint_lag', kCheckpointLag, 'warn', 'checkpoint');
  judge('ledger_lag', kLedgerLagMs, 'warn', 'ledger_lag', {
    seconds: Math.round(figures.ledger_lag / 1000),
  });
}

function judgeRates(rates, say) {
  if (rates.refusedFull > 0) say('bad', 'refused_full', {rate: rates.refusedFull});
  if (rates.refusedOutbox > 0) say('bad', 'refused_outbox', {rate: rates.refusedOutbox});
  const others = rates.faults - rates.refusedFull - rates.refusedOutbox;
  if (others > kFaultShare * rates.calls) say('warn', 'faults', {rate: others});
  if (rates.p99 > kSlowSeconds) say('warn', 'slow', {milliseconds: Math.round(rates.p99 * 1000)});
}
