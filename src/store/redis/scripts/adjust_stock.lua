#!lua
-- adjust: puts a book's available units right, by a difference or to a figure.
--
-- Its own KEYS, of each command:  request:<book>:<request id>
-- Its own ARGV: how many commands; then of each: index of its book from 1, 1 if `quantity` is the
--               new figure else 0, quantity (signed), expected available or '-', request id or '',
--               what the ledger says of the request id ('' not asked, '-' none, its content),
--               reason, actor
-- A request id's content is '<type> <set_to> <quantity> <expected|->'.
-- Answer, of each command: code, available
--   OUTCOME.kAdjusted  OUTCOME.kDuplicateRequest  OUTCOME.kRequestIdReused  OUTCOME.kStockChanged
--   OUTCOME.kInsufficientStock  OUTCOME.kStockLimit  -1  -5

local count = tonumber(ARGV[next_arg])
local stored = redis.call('MGET', unpack(KEYS, next_key, next_key + count - 1))

-- The code; and the new figure where it is to be set.
local function Decide(book, known, content, arg)
  if known ~= '-' then
    return known == content and OUTCOME.kDuplicateRequest or OUTCOME.kRequestIdReused
  end
  local expected = ARGV[arg + 3]
  if expected ~= '-' and tonumber(expected) ~= book.available then return OUTCOME.kStockChanged end
  local available = tonumber(ARGV[arg + 2])
  if ARGV[arg + 1] == '0' then available = available + book.available end
  if available < 0 then return OUTCOME.kInsufficientStock end
  if available + book.locked > LIMIT then return OUTCOME.kStockLimit end
  return OUTCOME.kAdjusted, available
end

local function Adjust(book, key, arg, at)
  local content = '8 ' .. ARGV[arg + 1] .. ' ' .. ARGV[arg + 2] .. ' ' .. ARGV[arg + 3]
  local request = ARGV[arg + 4]
  local known = request == '' and '-' or Held(KEYS[key], stored[at])
  if not known and facts_are_fresh and ARGV[arg + 5] ~= '' then known = ARGV[arg + 5] end
  if not known or not book then return Lack(-1) end
  local code, available = Decide(book, known, content, arg)
  if held or not available then return code end
  Move(book, 8, math.abs(available - book.available), available, book.locked, '0', request,
       ARGV[arg + 6], ARGV[arg + 7])
  if request ~= '' then
    Put(KEYS[key], content, true)
    changes[#changes + 1] = 'q ' .. book.id .. ' ' .. content .. ' ' .. Text(request) .. '\n'
  end
  return code
end

local results = {}
for at = 1, count do
  local arg = next_arg + 1 + 8 * (at - 1)
  local book = Book(tonumber(ARGV[arg]))
  local was_held = held
  local code = Adjust(book, next_key + at - 1, arg, at)
  if was_held and code >= 0 then code = -5 end
  results[2 * at - 1] = code
  results[2 * at] = book and book.available or 0
end
return Finish(results)
