// The tables that AutoMigrate of the earlier Go service makes.
#pragma once

namespace inventory {

inline constexpr char kGoTables[] =
    "CREATE TABLE inventory (book_id BIGINT UNSIGNED AUTO_INCREMENT, stock BIGINT NOT NULL"
    " DEFAULT 0, locked_stock BIGINT NOT NULL DEFAULT 0, total_stock BIGINT NOT NULL DEFAULT 0,"
    " created_at DATETIME(3) NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (book_id),"
    " INDEX idx_stock (stock));"
    "CREATE TABLE inventory_logs (id BIGINT UNSIGNED AUTO_INCREMENT, book_id BIGINT UNSIGNED NOT"
    " NULL, change_type VARCHAR(20) NOT NULL, quantity BIGINT NOT NULL, before_stock BIGINT NOT"
    " NULL, after_stock BIGINT NOT NULL, order_id BIGINT UNSIGNED NULL, remark VARCHAR(255) NULL,"
    " created_at DATETIME(3) NULL, PRIMARY KEY (id), INDEX idx_book_created (book_id,"
    " created_at));";

}  // namespace inventory
