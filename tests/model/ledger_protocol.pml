/* The redis store and its ledger: what keeps a sale that was answered, whatever is lost.
 *
 * Redis decides sales and appends each to an outbox; the ledger, which any instance may run, copies
 * the outbox into MySQL. Redis may forget its newest sales, or everything, and start again. MySQL
 * forgets nothing. Two instances, of which one may stand still between any two of its steps for as
 * long as it likes, and one may die.
 *
 * One book with STOCK units, ORDERS orders of one unit, of which the first may be asked for again,
 * at any instance: a retry, or a late duplicate. Every statement outside of an atomic is a step
 * after which anything may happen; an atomic is what is atomic in truth: a script in Redis, a
 * transaction in MySQL, an instance's own memory.
 *
 * What must hold: no order is put into the ledger twice; the ledger's stock is never below zero; at
 * the end, when nothing is under way, every order that was answered with yes is in the ledger or
 * has been reported as lost; no more orders than units were answered with yes and not reported;
 * nothing is reported unless an instance stood still or died while Redis forgot; and no order that
 * was sold is told that all are sold.
 *
 * Each safeguard can be left out (spin -D…), and the search then finds what it is there for:
 *
 *   NO_CURSOR_CHECK      the ledger trusts the cursor that it read before its transaction
 *   TRIM_WHEN_READ       the outbox is trimmed when its entries are read, not when they are stored
 *   NO_RUN_CHECK         a Redis that was restarted is taken for the one before
 *   NO_HAND_IN           a rebuild does not ask what the instances were answered for
 *   SELL_WHEN_HANDED_IN  an instance goes on selling when it has handed in
 *   DUPLICATES_FORGET    an instance does not remember the sale of which it told a duplicate
 *   NO_TOKEN_CHECK       a rebuild's data are loaded whatever token Redis holds
 *   OPEN_WHILE_DRAINED   Redis goes on selling while its outbox is drained
 *   NO_WAIT_FOR_CURSOR   a look-up in MySQL does not wait for what the outbox still holds
 *   NO_AGE_OF_FACTS      a script takes what was looked up however long ago that was
 */
#define STOCK 1
#define ORDERS 2
#ifdef SHORT
#define ASKS_0 1
#else
#define ASKS_0 2
#endif
#define ASKS_1 1
#define FAULTS 1
#define MAXN 5
#define MAX_EPOCH 8

#ifdef NO_RUN_CHECK
#define SAME_RUN true
#else
#define SAME_RUN (run_id == row_run)
#endif
#ifdef NO_TOKEN_CHECK
#define MINE(token) true
#else
#define MINE(token) (token == my_token)
#endif

/* ---- Redis: the epoch key is `epoch`, or rebuilding:<token> where token is not 0 ------------ */
typedef Data {
  byte epoch;
  byte token;
  byte stock;
  bool marker[ORDERS];
  byte first;        /* of the outbox: entries first … last, numbered from 1 in each epoch */
  byte last;
  byte entry[MAXN];  /* entry n, at n - 1: the order + 1 */
}
Data redis;
Data saved;          /* what a crash takes it back to */
byte run_id = 1;        /* the run id */

/* ---- MySQL ---------------------------------------------------------------------------------- */
byte row_epoch = 1;  /* redis_epochs */
byte row_run = 1;
byte row_token = 0;  /* not 0: closed, under rebuild */
byte cursor_epoch = 1;
byte cursor_n = 0;
byte ledger_stock = STOCK;
bool stored[ORDERS]; /* the order's line is in the ledger */
bool handed[ORDERS]; /* handed in for the rebuild under way */
bool has_handed[2];  /* the instance has been asked and has answered */

/* ---- what the outside knows ----------------------------------------------------------------- */
bool answered[ORDERS]; /* yes, by anybody, once at least */
bool reported[ORDERS]; /* as lost */
byte asks[ORDERS];
byte faults = 0;
byte looking = 0;         /* who was told "unknown", and has not asked again */
bool operator_asked = false;
bool stood_still = false; /* a rebuild went on without an instance */
bool one_died = false;
bool dead[2];
bool forgets[ORDERS];     /* the one who was answered has died: nobody remembers */

/* ---- an instance's own ---------------------------------------------------------------------- */
typedef Memory {
  bool sold[ORDERS];   /* was answered for, and the cursor has not passed */
  byte sold_epoch[ORDERS];
}
Memory memory[2];

/* Entries behind the last are 0, and an order is an entry once at most. */
#define IN_OUTBOX(o) (redis.entry[0] == o + 1 || redis.entry[1] == o + 1 || \
                      redis.entry[2] == o + 1 || redis.entry[3] == o + 1 || redis.entry[4] == o + 1)

inline store_order(o) {
  assert(!stored[o]);
  assert(ledger_stock > 0);
  stored[o] = true;
  ledger_stock--
}

inline forget_what_is_stored(i) {
  if
  :: stored[0] -> memory[i].sold[0] = false
  :: else
  fi;
  if
  :: stored[1] -> memory[i].sold[1] = false
  :: else
  fi
}

/* The script deduct_stock. In: the order, and what MySQL says of it (fact: 0 not looked up, 1 not
 * there, 2 there). Out: 1 sold, 2 duplicate, 3 unknown, 4 sold out, 0 refused (epoch). */
inline deduct_script(o, fact, known_epoch, known_run, out) {
  if
  :: redis.epoch != known_epoch || redis.token != 0 || run_id != known_run -> out = 0
  :: else ->
     if
     :: redis.marker[o] -> out = 2
     :: !redis.marker[o] && fact == 0 -> out = 3
     :: !redis.marker[o] && fact == 2 -> out = 2
     :: !redis.marker[o] && fact == 1 && redis.stock == 0 ->
        assert(!stored[o] && !IN_OUTBOX(o));
        out = 4
     :: !redis.marker[o] && fact == 1 && redis.stock > 0 && redis.last < MAXN ->
        redis.stock--;
        redis.marker[o] = true;
        redis.entry[redis.last] = o + 1;
        redis.last++;
        out = 1
     fi
  fi
}

proctype Instance(byte i) {
  byte known_epoch = 1;
  byte known_run = 1;
  byte o, out, fact, seen_n, n, e, next, my_token;

end_serve:  /* to wait here for ever is in order */
  do
  /* -- a caller asks ------------------------------------------------------------------------- */
  :: atomic { asks[0] < ASKS_0 -> asks[0]++; o = 0 }; goto sell
  :: atomic { asks[1] < ASKS_1 -> asks[1]++; o = 1 }; goto sell

  /* -- ledger: read, then store -------------------------------------------------------------- */
  :: atomic {
       row_token == 0 && redis.epoch == cursor_epoch && redis.last > cursor_n &&
       redis.first <= cursor_n + 1 && redis.token == 0 && SAME_RUN ->
       n = cursor_n + 1; e = redis.epoch; next = redis.entry[n - 1] - 1;
#ifdef TRIM_WHEN_READ
       redis.first = n + 1;
#endif
     };
     atomic {
       if
#ifndef NO_CURSOR_CHECK
       :: cursor_epoch != e || cursor_n + 1 != n || row_token != 0 -> skip
#endif
       :: else -> store_order(next); cursor_n = n
       fi;
       n = 0; e = 0; next = 0
     }

  /* -- trim behind the stored cursor --------------------------------------------------------- */
  :: atomic {
       redis.token == 0 && redis.epoch == cursor_epoch && redis.first <= cursor_n &&
       redis.last >= cursor_n && run_id == known_run ->
       redis.first = cursor_n + 1
     }

  /* -- something differs, or an operator asks: rebuild; or take a rebuild over --------------- */
  :: atomic { row_token == 0 && row_epoch < MAX_EPOCH && (redis.epoch != row_epoch ||
              !SAME_RUN || redis.last < cursor_n) ->
              my_token = 1 + i; row_token = my_token;
              handed[0] = false; handed[1] = false; has_handed[0] = false; has_handed[1] = false };
     goto rebuild
  :: atomic { row_token == 0 && !operator_asked && faults == 0 -> operator_asked = true;
              my_token = 1 + i; row_token = my_token;
              handed[0] = false; handed[1] = false; has_handed[0] = false; has_handed[1] = false };
     goto rebuild
  :: atomic { row_token != 0 && row_token != 1 + i && dead[1 - i] -> my_token = 1 + i;
              row_token = my_token };
     goto rebuild
  :: atomic { row_token != 0 && row_token != 1 + i && !stood_still -> stood_still = true;
              my_token = 1 + i; row_token = my_token };
     goto rebuild

  /* -- asked to hand in: it sells no more, or what it sold next would not be handed in -------- */
  :: atomic { row_token != 0 && row_token != 1 + i && !has_handed[i] ->
#ifndef NO_HAND_IN
              forget_what_is_stored(i);
              handed[0] = handed[0] || memory[i].sold[0];
              handed[1] = handed[1] || memory[i].sold[1];
#endif
#ifndef SELL_WHEN_HANDED_IN
              known_epoch = 0;
#endif
              has_handed[i] = true }

  /* -- the store is open again: know it, and report what is nowhere any more ------------------- */
  :: atomic { row_token == 0 && redis.token == 0 && redis.epoch == row_epoch && SAME_RUN &&
              (known_epoch != row_epoch || known_run != run_id) ->
              known_epoch = row_epoch; known_run = run_id;
              forget_what_is_stored(i);
              if
              :: memory[i].sold[0] && memory[i].sold_epoch[0] < row_epoch ->
                 reported[0] = true; memory[i].sold[0] = false
              :: else
              fi;
              if
              :: memory[i].sold[1] && memory[i].sold_epoch[1] < row_epoch ->
                 reported[1] = true; memory[i].sold[1] = false
              :: else
              fi }

  /* -- what is stored need not be remembered ------------------------------------------------- */
  :: atomic { (memory[i].sold[0] && stored[0]) || (memory[i].sold[1] && stored[1]) ->
              forget_what_is_stored(i) }

  /* -- it dies, and with it what only it remembers ------------------------------------------- */
  :: atomic { !one_died -> one_died = true; dead[i] = true;
              forgets[0] = forgets[0] || memory[i].sold[0];
              forgets[1] = forgets[1] || memory[i].sold[1];
              memory[i].sold[0] = false; memory[i].sold[1] = false };
     goto end
  od;

sell:
  atomic { fact = 0; deduct_script(o, fact, known_epoch, known_run, out); seen_n = redis.last;
           looking = looking + (out == 3 -> 1 : 0) };
  if
  :: out == 3 ->
     /* The script lacks the fact: look it up when the ledger has all that the outbox held. */
     do
#ifndef NO_WAIT_FOR_CURSOR
     :: atomic { cursor_epoch == known_epoch && cursor_n >= seen_n ->
                 fact = (stored[o] -> 2 : 1) };
#else
     :: atomic { true -> fact = (stored[o] -> 2 : 1) };
#endif
        break
     :: atomic { cursor_epoch == known_epoch && cursor_n < seen_n && redis.epoch == known_epoch &&
                 redis.token == 0 && SAME_RUN && row_token == 0 ->
                 /* its own ledger goes on meanwhile */
                 n = cursor_n + 1;
                 if
                 :: redis.first <= n -> store_order(redis.entry[n - 1] - 1); cursor_n = n
                 :: else
                 fi;
                 n = 0 }
     :: atomic { cursor_epoch != known_epoch || row_token != 0 || redis.epoch != known_epoch ||
                 redis.token != 0 || run_id != known_run || redis.first > cursor_n + 1 ->
                 out = 0; looking-- };
        goto sold
     od;
     atomic { deduct_script(o, fact, known_epoch, known_run, out); looking-- }
  :: else
  fi;
sold:
  if
  :: out == 1 || out == 2 ->
     if
     :: atomic { true ->  /* the reply comes, and is passed on */
          if
#ifdef DUPLICATES_FORGET
          :: !stored[o] && out == 1 ->
#else
          :: !stored[o] ->
#endif
             memory[i].sold[o] = true; memory[i].sold_epoch[o] = known_epoch
          :: else
          fi;
          answered[o] = true }
     :: true  /* it is lost */
     fi
  :: else
  fi;
  atomic { o = 0; out = 0; fact = 0; seen_n = 0 };
  goto end_serve;

rebuild:
#ifndef OPEN_WHILE_DRAINED
  atomic { redis.token = my_token };
#endif
  /* Drain what survived. */
  do
  :: atomic { row_token == my_token && redis.epoch == cursor_epoch && redis.last > cursor_n &&
              redis.first <= cursor_n + 1 ->
              /* It may have been handed in to a rebuild that was cut short. */
              if
              :: !stored[redis.entry[cursor_n] - 1] -> store_order(redis.entry[cursor_n] - 1)
              :: else
              fi;
              cursor_n++ }
  :: atomic { row_token != my_token || redis.epoch != cursor_epoch || redis.last <= cursor_n ||
              redis.first > cursor_n + 1 } -> break
  od;
  /* The other hands in what it was answered for, unless it is dead or stands still. */
  if
  :: has_handed[1 - i]
  :: dead[1 - i]
  :: atomic { !stood_still -> stood_still = true }
  :: row_token != my_token
  fi;
  atomic {
    if
    :: row_token == my_token ->
#ifndef NO_HAND_IN
       forget_what_is_stored(i);
       if
       :: !stored[0] && (handed[0] || memory[i].sold[0]) && ledger_stock > 0 -> store_order(0)
       :: else
       fi;
       if
       :: !stored[1] && (handed[1] || memory[i].sold[1]) && ledger_stock > 0 -> store_order(1)
       :: else
       fi
#endif
    :: else
    fi
  };
  /* Load. The figures are read first: the step between is where another may take over. */
  byte loaded_stock, loaded_run;
  atomic { loaded_stock = ledger_stock };
  atomic {
#ifdef OPEN_WHILE_DRAINED
    redis.token = my_token;
#endif
    if
    :: !MINE(redis.token) -> out = 0
    :: else ->
       redis.stock = loaded_stock;
       redis.marker[0] = false; redis.marker[1] = false;
       redis.first = 1; redis.last = 0;
       redis.entry[0] = 0; redis.entry[1] = 0; redis.entry[2] = 0; redis.entry[3] = 0;
       redis.entry[4] = 0;
       loaded_run = run_id;
       out = 1
    fi
  };
  /* The row first, then the key; the row stays closed until the key is there. Were it opened at
   * once, another instance would find the key of an older epoch and rebuild again. */
  atomic {
    if
    :: out == 1 && row_token != 0 && MINE(row_token) ->
       row_epoch++; row_run = loaded_run; cursor_epoch = row_epoch; cursor_n = 0
    :: else -> out = 0
    fi
  };
  atomic {
    if
    :: out == 1 && MINE(redis.token) && run_id == loaded_run ->
       redis.epoch = row_epoch; redis.token = 0
    :: else -> out = 0
    fi
  };
  atomic {
    if
    :: row_token == my_token && out == 1 -> row_token = 0
    :: row_token == my_token && out == 0 -> out = 2  /* Redis has lost the token: once more */
    :: else
    fi
  };
  if
  :: out == 2 -> goto rebuild
  :: else
  fi;
  atomic { out = 0; my_token = 0; loaded_stock = 0; loaded_run = 0 };
  goto end_serve;
end:
  skip
}

inline copy(to, from) {
  to.epoch = from.epoch; to.token = from.token; to.stock = from.stock;
  to.marker[0] = from.marker[0]; to.marker[1] = from.marker[1];
  to.first = from.first; to.last = from.last;
  to.entry[0] = from.entry[0]; to.entry[1] = from.entry[1]; to.entry[2] = from.entry[2];
  to.entry[3] = from.entry[3]; to.entry[4] = from.entry[4]
}

/* Redis writes its data down at some time, and falls back to them, or to nothing, at another. */
proctype Faults() {
  do
  :: atomic { faults < FAULTS -> copy(saved, redis) };
     atomic { faults++; copy(redis, saved); run_id++ }
  :: atomic { faults < FAULTS -> faults++;
              redis.epoch = 0; redis.token = 0; redis.stock = 0;
              redis.marker[0] = false; redis.marker[1] = false;
              redis.first = 1; redis.last = 0;
              redis.entry[0] = 0; redis.entry[1] = 0; redis.entry[2] = 0; redis.entry[3] = 0;
              redis.entry[4] = 0 }
  /* A marker ends with its TTL. A script takes a fact only while the time at which it was told
   * "unknown" is recent, so no marker of that time has ended. */
#ifndef NO_AGE_OF_FACTS
  :: atomic { redis.marker[0] && looking == 0 -> redis.marker[0] = false }
#else
  :: atomic { redis.marker[0] -> redis.marker[0] = false }
#endif
  :: faults >= FAULTS -> break
  :: true -> break
  od
}

/* When nothing can move any more: at least one instance lives. */
proctype End() {
  timeout;
  assert(row_token == 0 && redis.token == 0 && redis.epoch == row_epoch && SAME_RUN);
  assert(cursor_n == redis.last && redis.stock == ledger_stock);
  assert(!answered[0] || stored[0] || reported[0] || forgets[0]);
  assert(!answered[1] || stored[1] || reported[1] || forgets[1]);
  assert((answered[0] && !reported[0] && !forgets[0] -> 1 : 0) +
         (answered[1] && !reported[1] && !forgets[1] -> 1 : 0) <= STOCK);
  assert(!(reported[0] || reported[1]) || (faults > 0 && stood_still))
}

init {
  atomic {
    redis.epoch = 1; redis.stock = STOCK; redis.first = 1;
    copy(saved, redis);
    run Instance(0); run Instance(1); run Faults(); run End()
  }
}
