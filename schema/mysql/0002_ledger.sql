-- What the redis store's ledger needs beside the stock's tables. Released: never change it, add the
-- next number.
--
-- A bucket is a part of the stock whose keys are in one slot of Redis. There is one today, number 0.

-- The authority on what Redis holds; the key `epoch` in Redis is a copy.
CREATE TABLE redis_epochs (
  bucket         SMALLINT UNSIGNED NOT NULL,
  epoch          BIGINT UNSIGNED   NOT NULL,
  run_id         VARCHAR(64)       NOT NULL COMMENT 'of the Redis server whose data are this epoch',
  master_replid  VARCHAR(64)       NOT NULL,
  state          ENUM('open','rebuilding','loading') NOT NULL COMMENT 'loading: hand-ins come too late',
  token          VARCHAR(64)       NOT NULL DEFAULT '' COMMENT 'of who rebuilds, or last did',
  token_at       DATETIME(3)       NOT NULL COMMENT 'when it was last renewed',
  opened_at      DATETIME(3)       NULL,
  PRIMARY KEY (bucket)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- How far the outbox has been applied: moved in the same transaction as what was applied, so each
-- entry counts once. Who writes holds the lease; that two never do is the row's lock, not the lease.
CREATE TABLE ledger_cursor (
  bucket     SMALLINT UNSIGNED NOT NULL,
  epoch      BIGINT UNSIGNED   NOT NULL,
  applied    BIGINT UNSIGNED   NOT NULL COMMENT 'entries of the epoch; the number of the next one',
  movements  BIGINT UNSIGNED   NOT NULL COMMENT 'in them',
  as_of      DATETIME(3)       NOT NULL COMMENT 'by the clock of Redis: what was written before is applied',
  watermark  BIGINT UNSIGNED   NOT NULL COMMENT 'orders above it are new',
  writer     BIGINT UNSIGNED   NOT NULL DEFAULT 0,
  lease_at   DATETIME(3)       NOT NULL,
  PRIMARY KEY (bucket)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Movements that did not fit the book's row, and every later one of their books, in order.
CREATE TABLE ledger_quarantine (
  id       BIGINT UNSIGNED   NOT NULL AUTO_INCREMENT,
  bucket   SMALLINT UNSIGNED NOT NULL,
  book_id  BIGINT UNSIGNED   NOT NULL COMMENT '0: a whole entry that says nothing we know',
  epoch    BIGINT UNSIGNED   NOT NULL,
  number   BIGINT UNSIGNED   NOT NULL COMMENT 'of the entry',
  position INT UNSIGNED      NOT NULL COMMENT 'of the change in its entry, from 0',
  time     DATETIME(3)       NOT NULL,
  changes  MEDIUMBLOB        NOT NULL COMMENT 'as in the outbox',
  reason   VARCHAR(255)      NOT NULL,
  found_at DATETIME(3)       NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_ledger_quarantine (bucket, epoch, number, position),
  KEY idx_ledger_quarantine_book (book_id, epoch, number, position)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Service instances, so that a rebuild knows whom to wait for.
CREATE TABLE ledger_instances (
  instance       BIGINT UNSIGNED NOT NULL,
  seen_at        DATETIME(3)     NOT NULL,
  handed_in      VARCHAR(64)     NOT NULL DEFAULT '' COMMENT 'the token it has handed in for, completely',
  PRIMARY KEY (instance)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Outbox entries that instances were answered for, handed in while the store is rebuilt; and those
-- of the outbox that did not fit then, as instance 0. All are decided again, in order. What is
-- decided stays until the next epoch begins: should this rebuild be cut short, the next one may find
-- the same entries in the outbox.
CREATE TABLE ledger_hand_ins (
  id       BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  token    VARCHAR(64)     NOT NULL,
  instance BIGINT UNSIGNED NOT NULL,
  epoch    BIGINT UNSIGNED NOT NULL,
  number   BIGINT UNSIGNED NOT NULL COMMENT 'of the entry; 18446744073709551615: none, a duplicate',
  time     DATETIME(3)     NOT NULL,
  changes  MEDIUMBLOB      NOT NULL,
  decided  TINYINT         NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY idx_ledger_hand_ins_order (decided, epoch, number, instance)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What callers were told yes to and is nowhere any more; of an order each change once an epoch.
CREATE TABLE ledger_losses (
  id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  bucket      SMALLINT UNSIGNED NOT NULL,
  epoch       BIGINT UNSIGNED NOT NULL COMMENT 'in which it was answered',
  book_id     BIGINT UNSIGNED NOT NULL,
  order_id    BIGINT UNSIGNED NULL,
  change_type ENUM('deduct','release','restock','reserve','confirm','cancel','expire','adjust') NOT NULL,
  quantity    INT             NOT NULL,
  reason      VARCHAR(255)    NOT NULL,
  found_at    DATETIME(3)     NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_ledger_losses_change (epoch, order_id, book_id, change_type)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A book's figures that differed from its log and were put right. Not a movement: no stock moved.
CREATE TABLE repairs (
  id                 BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  book_id            BIGINT UNSIGNED NOT NULL,
  found_stock        INT             NULL COMMENT 'NULL: nothing was there',
  found_locked       INT             NULL,
  found_sequence     BIGINT UNSIGNED NULL,
  repaired_stock     INT             NOT NULL,
  repaired_locked    INT             NOT NULL,
  repaired_sequence  BIGINT UNSIGNED NOT NULL,
  reason             VARCHAR(255)    NOT NULL,
  repaired_at        DATETIME(3)     NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
