#!lua
-- release: the order gives back what it holds on one book.
--
-- Its own KEYS, of each line:  deduct:stock:<book>:<order>, release:stock:<book>:<order>,
--                              reservation:<order>
-- Its own ARGV: how many lines; then of each: index of its book from 1, order, quantity (0: all),
--               1 if the order is new else 0, what the ledger says of the line, reason, actor
-- Answer, of each line: code, available
--   OUTCOME.kReleased  OUTCOME.kDuplicateRelease  OUTCOME.kOrderConflict  OUTCOME.kStockLimit
--   OUTCOME.kNothingToRelease  -1  -2  -5

redis.call('ZCARD', KEYS[3])  -- an error here, where nothing is written yet
local count = tonumber(ARGV[next_arg])
local stored = redis.call('MGET', unpack(KEYS, next_key, next_key + 3 * count - 1))

local function GiveBack(book, key, arg, quantity, locked, how)
  Move(book, 2, quantity, book.available + quantity, book.locked - locked, ARGV[arg + 1], '',
       ARGV[arg + 5], ARGV[arg + 6])
  Delete(KEYS[key])
  Put(KEYS[key + 1], Digits(quantity) .. (how or ''), true)
end

-- Of a line that an open reservation holds: only where it is all of it, which then ends.
local function ReleaseReserved(book, reservation, key, arg, asked, act)
  local held_quantity = string.match(reservation.lines, '^%d+:(%d+)$')
  if not held_quantity or (asked ~= 0 and asked ~= tonumber(held_quantity)) then
    return OUTCOME.kOrderConflict
  end
  if act then
    GiveBack(book, key, arg, tonumber(held_quantity), tonumber(held_quantity))
    PutReservation(KEYS[key + 2], ARGV[arg + 1], 'cancelled', reservation.deadline,
                   reservation.lines)
  end
  return OUTCOME.kReleased
end

local function ReleaseLine(book, state, held_quantity, key, arg, asked, act)
  if state == 'none' then
    if act then
      Put(KEYS[key + 1], '0', true)
      changes[#changes + 1] = 't ' .. ARGV[arg + 1] .. ' ' .. ARGV[8 + 2 * tonumber(ARGV[arg])] ..
          '\n'
    end
    return OUTCOME.kNothingToRelease
  end
  if state == 'tombstone' then return OUTCOME.kNothingToRelease end
  local given_back = state == 'returned' or state == 'expired'
  if given_back and held_quantity == UNKNOWN then return OUTCOME.kDuplicateRelease end
  -- Of a sale of unknown quantity comes back what the caller says; all of it is nobody's to say.
  local back = held_quantity == UNKNOWN and asked or held_quantity
  if back == 0 or (asked ~= 0 and asked ~= back) then return OUTCOME.kOrderConflict end
  if given_back then return OUTCOME.kDuplicateRelease end
  if book.available + book.locked + back > LIMIT then return OUTCOME.kStockLimit end
  if act then GiveBack(book, key, arg, back, 0, held_quantity == UNKNOWN and ' adopted') end
  return OUTCOME.kReleased
end

local function Release(book, key, arg, at)
  local asked, act = tonumber(ARGV[arg + 2]), not held
  local reservation = Reservation(Held(KEYS[key + 2], stored[at + 2]))
  if reservation and reservation.state == 'reserved' then
    if reservation.deadline <= now then return Lack(-2) end
    if string.find(',' .. reservation.lines, ',' .. ARGV[8 + 2 * tonumber(ARGV[arg])] .. ':', 1,
                   true) then
      if not book then return Lack(-1) end
      return ReleaseReserved(book, reservation, key, arg, asked, act)
    end
  end
  local state, held_quantity = Line(Held(KEYS[key], stored[at]),
                                    Held(KEYS[key + 1], stored[at + 1]), ARGV[arg + 3] == '1',
                                    ARGV[arg + 4])
  if not state or not book then return Lack(-1) end
  return ReleaseLine(book, state, held_quantity, key, arg, asked, act)
end

local results = {}
for line = 1, count do
  local key, arg, at = next_key + 3 * (line - 1), next_arg + 1 + 7 * (line - 1), 3 * line - 2
  local book = Book(tonumber(ARGV[arg]))
  local was_held = held
  local code = Release(book, key, arg, at)
  if was_held and code >= 0 then code = -5 end
  results[2 * line - 1] = code
  results[2 * line] = book and book.available or 0
end
return Finish(results)
