#!lua
-- Puts a part of the ledger's stock into a closed store.
--
-- KEYS[1] epoch, KEYS[2] outbox, KEYS[3] reservations:due; then of each book: book:<book>,
-- stock:<book>; then of each reservation: reservation:<order>
-- ARGV[1] token, ARGV[2] the epoch to come, ARGV[3] '1': this is the first part, ARGV[4] how many
-- books; then of each book: available, locked, sequence; then of each open reservation: order,
-- deadline, lines
-- Answer: 1, or 0 where the store is closed under another token, or open: nothing was done

if redis.call('HGET', KEYS[1], 'epoch') ~= 'rebuilding:' .. ARGV[1] then return 0 end
local epoch, books = ARGV[2], tonumber(ARGV[4])
if ARGV[3] == '1' then redis.call('DEL', KEYS[3]) end
for book = 1, books do
  local key, arg = 2 + 2 * book, 2 + 3 * book
  redis.call('DEL', KEYS[key])
  redis.call('HSET', KEYS[key], 'available', ARGV[arg], 'locked', ARGV[arg + 1], 'sequence',
             ARGV[arg + 2], 'epoch', epoch)
  redis.call('SET', KEYS[key + 1], ARGV[arg])
end
local arg = 5 + 3 * books
for key = 4 + 2 * books, #KEYS do
  redis.call('SET', KEYS[key], 'reserved ' .. ARGV[arg + 1] .. ' ' .. ARGV[arg + 2] .. ' ' .. epoch)
  redis.call('ZADD', KEYS[3], ARGV[arg + 1], ARGV[arg])
  arg = arg + 3
end
return 1
