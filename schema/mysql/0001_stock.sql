-- The tables of the mysql store; the redis store's ledger uses the same. Released: never change it,
-- add the next number.
--
-- Ids are numbers given by the callers. Texts are UTF-8 and compared byte for byte; request ids are
-- VARBINARY because a comparison of CHAR types ignores spaces at the end. Times are UTC. The numbers
-- behind the ENUMs are those of the program (src/stock/types.h): append, never reorder.

-- A book's figures now: the state after its newest movement.
CREATE TABLE inventory (
  book_id      BIGINT UNSIGNED NOT NULL,
  stock        INT             NOT NULL COMMENT 'available: what can be sold now',
  locked_stock INT             NOT NULL COMMENT 'held by open reservations',
  total_stock  INT             NOT NULL COMMENT 'stock + locked_stock',
  sequence     BIGINT UNSIGNED NOT NULL COMMENT 'of the newest movement; the first is 1',
  created_at   DATETIME(3)     NOT NULL,
  updated_at   DATETIME(3)     NOT NULL,
  PRIMARY KEY (book_id),
  KEY idx_inventory_updated_at (updated_at),
  CONSTRAINT chk_inventory CHECK (stock >= 0 AND locked_stock >= 0 AND total_stock = stock + locked_stock)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Movements: one change of one book each, with before and after. A book's rows in order of sequence,
-- without a gap, are its history; the id is a name, not an order.
CREATE TABLE inventory_logs (
  id           BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  book_id      BIGINT UNSIGNED NOT NULL,
  sequence     BIGINT UNSIGNED NOT NULL,
  change_type  ENUM('deduct','release','restock','reserve','confirm','cancel','expire','adjust') NOT NULL,
  quantity     INT             NOT NULL COMMENT 'never negative; the direction is after - before',
  before_stock INT             NOT NULL,
  after_stock  INT             NOT NULL,
  locked_after INT             NOT NULL,
  order_id     BIGINT UNSIGNED NULL,
  request_id   VARBINARY(255)  NULL,
  remark       VARCHAR(255)    NOT NULL DEFAULT '',
  actor        VARCHAR(255)    NOT NULL DEFAULT '' COMMENT 'who asked, where access is controlled',
  created_at   DATETIME(3)     NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_inventory_logs_book_sequence (book_id, sequence),
  KEY idx_inventory_logs_order_id (order_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What an order holds and has held of a book: one intent for ever, so rows are never deleted.
CREATE TABLE order_lines (
  order_id          BIGINT UNSIGNED NOT NULL,
  book_id           BIGINT UNSIGNED NOT NULL,
  state             ENUM('reserved','sold_by_deduct','sold_by_confirm','returned','expired','tombstone') NOT NULL,
  quantity          INT             NOT NULL,
  released_quantity INT             NOT NULL,
  reserved_position SMALLINT UNSIGNED NULL COMMENT 'place among the lines of its reservation, from 0; NULL: never reserved',
  PRIMARY KEY (order_id, book_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- An order has at most one, for ever. Its lines are the order's lines with a reserved_position.
CREATE TABLE reservations (
  order_id   BIGINT UNSIGNED NOT NULL,
  state      ENUM('reserved','confirmed','cancelled','expired') NOT NULL,
  deadline   DATETIME(3)     NOT NULL,
  remembered TINYINT         NOT NULL DEFAULT 0 COMMENT '1: a cancel that came before its reservation',
  PRIMARY KEY (order_id),
  KEY idx_reservations_state_deadline (state, deadline)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What a request id of a restock or an adjust stands for, for ever.
CREATE TABLE request_ids (
  book_id        BIGINT UNSIGNED NOT NULL,
  request_id     VARBINARY(255)  NOT NULL,
  change_type    ENUM('deduct','release','restock','reserve','confirm','cancel','expire','adjust') NOT NULL,
  set_to         TINYINT         NOT NULL COMMENT 'adjust: 1 if quantity is the new stock, 0 if a difference',
  quantity       INT             NOT NULL,
  expected_stock INT             NULL,
  PRIMARY KEY (book_id, request_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row a writing connection, set in each of its transactions: whether a COMMIT whose answer was
-- lost took effect is read here.
CREATE TABLE writers (
  writer  BIGINT UNSIGNED NOT NULL,
  batch   BIGINT UNSIGNED NOT NULL,
  seen_at DATETIME(3)     NOT NULL,
  PRIMARY KEY (writer)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Which store keeps its stock here; every transaction reads the row shared.
CREATE TABLE store_owner (
  id         TINYINT         NOT NULL,
  store      VARCHAR(16)     NOT NULL COMMENT 'mysql, redis, or importing',
  generation BIGINT UNSIGNED NOT NULL COMMENT 'rises with every change of owner',
  changed_at DATETIME(3)     NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
