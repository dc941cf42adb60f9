#!lua
-- reserve: holds units of several books for one order, all or nothing, until a deadline.
--
-- Its own KEYS, of each command:  reservation:<order>, and of each line
--                                 deduct:stock:<book>:<order>, release:stock:<book>:<order>
-- Its own ARGV: how many commands; then of each: order, ttl in ms, actor, 1 if the order is new else
--               0, what the ledger says of the reservation ('' not asked, '-' none, '<state>
--               <deadline> <lines>'), the number of lines, and of each: index of its book from 1,
--               quantity, what the ledger says of the line
-- No book is named twice by a command: their quantities are added up, and may then pass the limit.
-- Answer, of each command: code, deadline or 0; code and available of each line
--   OUTCOME.kReserved  OUTCOME.kDuplicateOrder  OUTCOME.kOrderConflict  OUTCOME.kOrderReleased
--   OUTCOME.kReservationExpired  OUTCOME.kInsufficientStock  -1  -2  -5

redis.call('ZCARD', KEYS[3])  -- an error here, where nothing is written yet
local AFTER = {cancelled = OUTCOME.kOrderReleased, remembered = OUTCOME.kOrderReleased,
               confirmed = OUTCOME.kOrderConflict, expired = OUTCOME.kReservationExpired}

-- '<book>:<quantity>,…' of what is asked for.
local function Asked(lines)
  local texts = {}
  for at, line in ipairs(lines) do
    texts[at] = line.id .. ':' .. Digits(line.quantity)
  end
  return texts
end

local function SameLines(held_lines, asked)
  local wanted, count = {}, 0
  for _, text in ipairs(asked) do wanted[text] = true end
  for text in string.gmatch(held_lines, '[^,]+') do
    if not wanted[text] then return false end
    count = count + 1
  end
  return count == #asked
end

-- What the line of a new reservation would come to; nil: not known.
local function NewLine(line, is_new)
  local state = Line(Held(KEYS[line.key], redis.call('GET', KEYS[line.key])),
                     Held(KEYS[line.key + 1], redis.call('GET', KEYS[line.key + 1])), is_new,
                     line.fact)
  if not state then return nil end
  if state == 'sold' or state == 'confirmed' then return OUTCOME.kOrderConflict end
  if state ~= 'none' then return OUTCOME.kOrderReleased end
  return line.book.available < line.quantity and OUTCOME.kInsufficientStock or OUTCOME.kReserved
end

local function Hold(command)
  local deadline = now + command.ttl
  PutReservation(KEYS[command.key], command.order, 'reserved', deadline,
                 table.concat(Asked(command.lines), ','))
  for _, line in ipairs(command.lines) do
    local book = line.book
    Move(book, 4, line.quantity, book.available - line.quantity, book.locked + line.quantity,
         command.order, '', '', command.actor)
  end
  return deadline
end

-- The code and the deadline; each line gets its own code.
local function Reserve(command)
  local reservation = command.reservation
  if reservation and reservation.state == 'reserved' then
    if reservation.deadline <= now then return Lack(-2), 0 end
    local same = SameLines(reservation.lines, Asked(command.lines))
    return same and OUTCOME.kDuplicateOrder or OUTCOME.kOrderConflict, reservation.deadline
  end
  if reservation then return AFTER[reservation.state], 0 end
  local code = OUTCOME.kReserved
  for _, line in ipairs(command.lines) do
    line.code = NewLine(line, command.is_new)
    if not line.code then return Lack(-1), 0 end
    code = math.min(code, line.code)
  end
  if code ~= OUTCOME.kReserved or held then return code, 0 end
  return code, Hold(command)
end

local results, key, arg = {}, next_key, next_arg + 1
for _ = 1, tonumber(ARGV[next_arg]) do
  local command = {key = key, order = ARGV[arg], ttl = tonumber(ARGV[arg + 1]),
                   actor = ARGV[arg + 2], is_new = ARGV[arg + 3] == '1', lines = {}}
  local fact, line_count, all_known = ARGV[arg + 4], tonumber(ARGV[arg + 5]), true
  for at = 1, line_count do
    local from = arg + 3 + 3 * at
    local index = tonumber(ARGV[from])
    local book = Book(index)
    command.lines[at] = {book = book, id = ARGV[8 + 2 * index], quantity = tonumber(ARGV[from + 1]),
                         fact = ARGV[from + 2], key = key + 2 * at - 1}
    all_known = all_known and book ~= nil
  end
  command.reservation = Reservation(Held(KEYS[key], redis.call('GET', KEYS[key])))
  if not command.reservation then
    if command.is_new and new_is_known then
      fact = '-'
    elseif not facts_are_fresh then
      fact = ''
    end
    if fact ~= '' and fact ~= '-' then command.reservation = Reservation(fact) end
  end
  local was_held, code, deadline = held, nil, 0
  if not all_known or (not command.reservation and fact == '') then
    code = Lack(-1)
  else
    code, deadline = Reserve(command)
  end
  if was_held and code >= 0 then code = -5 end
  results[#results + 1] = code
  results[#results + 1] = deadline
  for _, line in ipairs(command.lines) do
    results[#results + 1] = line.code or code
    results[#results + 1] = line.book and line.book.available or 0
  end
  key, arg = key + 1 + 2 * line_count, arg + 6 + 3 * line_count
end
return Finish(results)
