#!lua
-- restock: adds units to a book, which it makes where there is none.
--
-- Its own KEYS, of each command:  request:<book>:<request id>
-- Its own ARGV: how many commands; then of each: index of its book from 1, quantity, request id or
--               '', what the ledger says of the request id ('' not asked, '-' none, its content),
--               remark, actor
-- A request id's content is '<type> <set_to> <quantity> <expected|->'.
-- Answer, of each command: code, available
--   OUTCOME.kRestocked  OUTCOME.kDuplicateRequest  OUTCOME.kRequestIdReused  OUTCOME.kStockLimit
--   -1  -5

local count = tonumber(ARGV[next_arg])
local stored = redis.call('MGET', unpack(KEYS, next_key, next_key + count - 1))

local function Restock(book, key, arg, at)
  local content = '3 0 ' .. ARGV[arg + 1] .. ' -'
  local request = ARGV[arg + 2]
  local known = request == '' and '-' or Held(KEYS[key], stored[at])
  if not known and facts_are_fresh and ARGV[arg + 3] ~= '' then known = ARGV[arg + 3] end
  if not known or not book then return Lack(-1) end
  if known ~= '-' then
    return known == content and OUTCOME.kDuplicateRequest or OUTCOME.kRequestIdReused
  end
  local quantity = tonumber(ARGV[arg + 1])
  if book.available + book.locked + quantity > LIMIT then return OUTCOME.kStockLimit end
  if held then return -5 end
  Move(book, 3, quantity, book.available + quantity, book.locked, '0', request, ARGV[arg + 4],
       ARGV[arg + 5])
  if request ~= '' then
    Put(KEYS[key], content, true)
    changes[#changes + 1] = 'q ' .. book.id .. ' ' .. content .. ' ' .. Text(request) .. '\n'
  end
  return OUTCOME.kRestocked
end

local results = {}
for at = 1, count do
  local book = Book(tonumber(ARGV[next_arg + 1 + 6 * (at - 1)]))
  local was_held = held
  local code = Restock(book, next_key + at - 1, next_arg + 1 + 6 * (at - 1), at)
  if was_held and code >= 0 then code = -5 end
  results[2 * at - 1] = code
  results[2 * at] = book and book.available or 0
end
return Finish(results)
