#!lua
-- deduct: sells units of one book to one order.
--
-- Its own KEYS, of each line:  deduct:stock:<book>:<order>, release:stock:<book>:<order>,
--                              reservation:<order>
-- Its own ARGV: how many lines; then of each: index of its book from 1, order, quantity,
--               1 if the order is new else 0, what the ledger says of the line
--               ('' not asked, '-' none, '<state> <quantity>'), actor
-- Answer, of each line: code, available
--   OUTCOME.kDeducted  OUTCOME.kDuplicateOrder  OUTCOME.kOrderConflict  OUTCOME.kOrderReleased
--   OUTCOME.kInsufficientStock  -1  -2  -5

local count = tonumber(ARGV[next_arg])
local stored = redis.call('MGET', unpack(KEYS, next_key, next_key + 3 * count - 1))

-- The code, and whether to sell.
local function Decide(book, quantity, key, arg, at)
  local reservation = Reservation(Held(KEYS[key + 2], stored[at + 2]))
  if reservation and reservation.state == 'reserved' then
    if reservation.deadline <= now then return Lack(-2) end
    if string.find(',' .. reservation.lines, ',' .. ARGV[8 + 2 * tonumber(ARGV[arg])] .. ':', 1,
                   true) then
      return book and OUTCOME.kOrderConflict or Lack(-1)
    end
  end
  local state, held_quantity = Line(Held(KEYS[key], stored[at]),
                                    Held(KEYS[key + 1], stored[at + 1]), ARGV[arg + 3] == '1',
                                    ARGV[arg + 4])
  if not state or not book then return Lack(-1) end
  if state == 'sold' and (held_quantity == quantity or held_quantity == UNKNOWN) then
    return OUTCOME.kDuplicateOrder
  end
  if state == 'sold' or state == 'confirmed' then return OUTCOME.kOrderConflict end
  if state ~= 'none' then return OUTCOME.kOrderReleased end
  if book.available < quantity then return OUTCOME.kInsufficientStock end
  return OUTCOME.kDeducted
end

local results = {}
for line = 1, count do
  local key, arg, at = next_key + 3 * (line - 1), next_arg + 1 + 6 * (line - 1), 3 * line - 2
  local quantity = tonumber(ARGV[arg + 2])
  local book = Book(tonumber(ARGV[arg]))
  local was_held = held
  local code = Decide(book, quantity, key, arg, at)
  if was_held and code >= 0 then code = -5 end
  if code == OUTCOME.kDeducted then
    Move(book, 1, ARGV[arg + 2], book.available - quantity, book.locked, ARGV[arg + 1], '', '',
         ARGV[arg + 5])
    Put(KEYS[key], ARGV[arg + 2], true)
  end
  results[2 * line - 1] = code
  results[2 * line] = book and book.available or 0
end
return Finish(results)
