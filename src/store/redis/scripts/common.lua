-- What the verbs share: put behind the first line of each of them when they are embedded.
--
-- A verb decides a list of commands in order and changes everything or nothing. It reads and checks
-- first; Finish then writes, the outbox first. A Lua error rolls nothing back, so nothing that can
-- fail may come after the first write.
--
-- Ids are texts throughout: a Lua number loses digits above 2^53.
--
-- KEYS[1] epoch           hash: epoch, entries, movements, time (redis_store.h has the layout)
-- KEYS[2] outbox          stream
-- KEYS[3] reservations:due  sorted set
-- KEYS[4] hold:<instance> text
-- KEYS[5…] of each book, in the order of ARGV: book:<book>, stock:<book>
-- then the verb's own keys
--
-- ARGV[1] epoch           that the caller knows to be open
-- ARGV[2] least           entries there have been as far as the caller knows: fewer, and Redis forgot
-- ARGV[3] time            ms, instead of TIME: for tests; else empty
-- ARGV[4] ttl             ms, of markers
-- ARGV[5] batch           the caller's number of this batch, rising
-- ARGV[6] most            movements there may have been before this call, else it is refused
-- ARGV[7] new_until       ms: until then "new" below may be believed; later it says nothing
-- ARGV[8] told            '<ms> <entries>': when the caller was told that facts were missing, and how
--                         many entries there were then; '0 0' where it was not
-- ARGV[9] books           how many; then of each: its id, and what the ledger says of it:
--                         '' not asked, '-' unknown there, '<available> <locked> <sequence>'
-- then the verb's own
--
-- Answer: {status, now, entries, changes, repaired, results}
--   status 0  decided; entries is how many there are now, changes what was appended, or ''
--   status 1  the epoch is another or closed (changes says what it is); nothing was done
--   status 2  there are fewer entries than the caller knows of; nothing was done
--   status 3  the outbox has lost its entries; nothing was done
--   status 4  too many movements wait for the ledger; nothing was done
-- repaired: books that were missing or differed and were made again from what the ledger says,
-- '<book> <what was found>' each, joined by ';'
--
-- In the results each command has a code, 0 … an Outcome, or else what it lacks, and was not done:
--   -1  facts: the caller asks the ledger, and comes again
--   -2  its reservation has passed and must be expired first
--   -3  its reservation's books must be declared; told as text
--   -5  held back, because a command before it lacks something

local header = redis.call('HMGET', KEYS[1], 'epoch', 'entries', 'movements', 'time')
local epoch = ARGV[1]
local entries, movements = tonumber(header[2]), tonumber(header[3])
local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
local now = tonumber(ARGV[3]) or clock
if header[4] and tonumber(header[4]) > now then now = tonumber(header[4]) end
if header[1] ~= epoch then return {1, now, 0, tostring(header[1]), ''} end
if entries < tonumber(ARGV[2]) then return {2, now, entries, '', ''} end
if redis.call('XLEN', KEYS[2]) == 0 and entries > 0 and redis.call('EXISTS', KEYS[2]) == 0 then
  return {3, now, entries, '', ''}
end
if movements >= tonumber(ARGV[6]) then return {4, now, entries, '', ''} end

local ttl = ARGV[4]
local new_is_known = now <= tonumber(ARGV[7])
local told_at, told_entries = string.match(ARGV[8], '^(%d+) (%d+)$')
local facts_are_fresh = now - told_at <= ttl / 2
local held = redis.call('GET', KEYS[4]) == ARGV[5]
local book_count = tonumber(ARGV[9])
local next_key = 5 + 2 * book_count    -- the verb's first key
local next_arg = 10 + 2 * book_count   -- and argument
local LIMIT = 2147483647
local UNKNOWN = 0  -- quantity of a line that was taken over from the earlier service (stock/rules.h)

-- A whole number's text: Lua's own way to make one takes several times as long.
local function Digits(number) return string.format('%d', number) end

local markers_end = Digits(clock + ttl)  -- PXAT is what Redis makes of PX

-- ---- books --------------------------------------------------------------------------------------

-- By index: {id, available, locked, sequence, changed, broken}; text and locked_text are what
-- available and locked are as texts.
local books = {}
local repaired = {}

local SEARCHED = 1000  -- entries, at most, for a movement
local since            -- the changes since the caller was told, or false: too many

-- Whether the book may have moved since the caller was told: then what the ledger said then is old.
local function MovedSince(id)
  if since == nil and tonumber(told_entries) == entries then since = '' end
  if since == nil then
    local from = redis.call('XRANGE', KEYS[2], epoch .. '-' .. told_entries, '+', 'COUNT', SEARCHED)
    local texts = {}
    for at, entry in ipairs(from) do texts[at] = '\n' .. entry[2][4] end
    since = #from == entries - told_entries and table.concat(texts)
  end
  return not since or string.find(since, '\n%d+ ' .. id .. ' ') ~= nil
end

-- The book, or nil where it is not known what it has.
local function Book(index)
  local book = books[index]
  if book then return book end
  local key = 3 + 2 * index
  local id, fact = ARGV[8 + 2 * index], ARGV[9 + 2 * index]
  local stored = redis.pcall('HMGET', KEYS[key], 'available', 'locked', 'sequence', 'epoch')
  local view = redis.pcall('GET', KEYS[key + 1])
  if not stored.err and stored[4] == epoch and stored[1] == view then
    book = {id = id, available = tonumber(view), locked = tonumber(stored[2]),
            sequence = tonumber(stored[3]), text = view, locked_text = stored[2]}
  elseif fact == '' or not facts_are_fresh or MovedSince(id) then
    return nil
  elseif fact == '-' then
    book = {id = id, available = 0, locked = 0, sequence = 0, text = '0', locked_text = '0',
            broken = true}
  else
    local available, locked, sequence = string.match(fact, '^(%d+) (%d+) (%d+)$')
    book = {id = id, available = tonumber(available), locked = tonumber(locked),
            sequence = tonumber(sequence), text = available, locked_text = locked, broken = true,
            changed = true}
    local found = 'wrong type'
    if not stored.err then
      found = (stored[1] or '-') .. ' ' .. (stored[2] or '-') .. ' ' .. (stored[3] or '-')
    end
    repaired[#repaired + 1] = id .. ' ' .. found
  end
  books[index] = book
  return book
end

-- ---- what is to be written ----------------------------------------------------------------------

local changes = {}   -- records of the outbox entry (redis/outbox_entry.h)
local moved = 0      -- of them movements
local writes = {}    -- calls for Finish, in order, of each: command, key, and two values or false
local write_count = 0
local written = {}   -- by key: what it will hold; false: nothing

local function Write(command, key, value, other)
  writes[write_count + 1], writes[write_count + 2] = command, key
  writes[write_count + 3], writes[write_count + 4] = value, other
  write_count = write_count + 4
end

-- `ends`: as markers do.
local function Put(key, value, ends)
  written[key] = value
  Write('SET', key, value .. ' ' .. epoch, ends and markers_end)
end

local function Delete(key)
  written[key] = false
  Write('DEL', key, false, false)
end

-- A text's part of a record: its length is told, for it may hold any byte.
local function Text(text) return #text .. ':' .. text end

-- Logs that the book's figures have become these. `quantity`: as a text, where there is one.
local function Move(book, change_type, quantity, available, locked, order, request, remark, actor)
  local before = book.text
  if available ~= book.available then book.text = Digits(available) end
  if locked ~= book.locked then book.locked_text = Digits(locked) end
  book.available, book.locked, book.sequence = available, locked, book.sequence + 1
  book.changed = true
  local record = change_type .. ' ' .. book.id .. ' ' .. Digits(book.sequence) .. ' ' ..
      quantity .. ' ' .. before .. ' ' .. book.text .. ' ' .. book.locked_text .. ' ' .. order
  if request ~= '' or remark ~= '' or actor ~= '' then
    record = record .. ' ' .. Text(request) .. Text(remark) .. Text(actor)
  end
  moved = moved + 1
  changes[#changes + 1] = record .. '\n'
end

-- ---- markers and reservations -------------------------------------------------------------------

-- What a key of this epoch holds, without the epoch at its end; nil: nothing. `stored` is what was
-- read before the first command.
local function Held(key, stored)
  local value = written[key]
  if value ~= nil then return value or nil end
  if not stored then return nil end
  local text, of = string.match(stored, '^(.*) (%d+)$')
  return of == epoch and text or nil
end

-- A reservation is '<state> <deadline> <book>:<quantity>,…'.
local function Reservation(text)
  if not text then return nil end
  local state, deadline, lines = string.match(text, '^(%a+) (%d+) ?(.*)$')
  return {state = state, deadline = tonumber(deadline), lines = lines}
end

local RESERVATION_STATE = {reserved = 1, confirmed = 2, cancelled = 3, expired = 4}

-- Writes the reservation and tells the ledger. An open one has no TTL.
local function PutReservation(key, order, state, deadline, lines)
  local open, remembered = state == 'reserved', state == 'remembered'
  Put(key, state .. ' ' .. Digits(deadline) .. (lines ~= '' and ' ' .. lines or ''),
      not open)
  changes[#changes + 1] = 'r ' .. order .. ' ' ..
      (remembered and 3 or RESERVATION_STATE[state]) .. ' ' .. Digits(deadline) ..
      (remembered and ' 1' or ' 0') .. (open and ' ' .. lines or '') .. '\n'
  if open then
    Write('ZADD', KEYS[3], Digits(deadline), order)
  elseif not remembered then
    Write('ZREM', KEYS[3], order, false)
  end
end

-- What is known of an order's line: 'none', 'sold' or 'confirmed' (by deduct or by confirm),
-- 'returned', 'expired' or 'tombstone', and a quantity. Nil: not known. `fact` is what the ledger
-- says: '' not asked, '-' none, '<state> <quantity>'.
local function Line(deduct, release, is_new, fact)
  if deduct then
    local quantity, by = string.match(deduct, '^(%d+) ?(%a*)$')
    return by == 'confirm' and 'confirmed' or 'sold', tonumber(quantity)
  end
  if release then
    local quantity, how = string.match(release, '^(%d+) ?(%a*)$')
    if quantity == '0' then return 'tombstone', 0 end
    if how == 'adopted' then return 'returned', UNKNOWN end
    return how == 'expired' and 'expired' or 'returned', tonumber(quantity)
  end
  if is_new and new_is_known then return 'none', 0 end
  if fact == '' or not facts_are_fresh then return nil end
  if fact == '-' then return 'none', 0 end
  local state, quantity = string.match(fact, '^(%a+) (%d+)$')
  return state, tonumber(quantity)
end

-- Holds back what comes after, in this call and in those that follow with the same batch number.
local function Lack(code)
  if not held then
    held = true
    Write('SET', KEYS[4], ARGV[5], Digits(clock + 60000))
  end
  return code
end

-- ---- the end ------------------------------------------------------------------------------------

local function Finish(results)
  local text = ''
  if #changes > 0 then
    text = table.concat(changes)
    redis.call('XADD', KEYS[2], epoch .. '-' .. Digits(entries), 'time',
               Digits(now), 'changes', text)
    entries = entries + 1
    redis.call('HSET', KEYS[1], 'entries', Digits(entries), 'movements',
               Digits(movements + moved), 'time', Digits(now))
  end
  for index, book in pairs(books) do
    if book.changed then
      local key = 3 + 2 * index
      if book.broken then redis.call('DEL', KEYS[key]) end
      redis.call('HSET', KEYS[key], 'available', book.text, 'locked', book.locked_text, 'sequence',
                 Digits(book.sequence), 'epoch', epoch)
      redis.call('SET', KEYS[key + 1], book.text)
    end
  end
  for at = 1, write_count, 4 do
    local command, key, value, other = writes[at], writes[at + 1], writes[at + 2], writes[at + 3]
    if other and command == 'SET' then
      redis.call(command, key, value, 'PXAT', other)
    elseif other then
      redis.call(command, key, value, other)
    elseif value then
      redis.call(command, key, value)
    else
      redis.call(command, key)
    end
  end
  return {0, now, entries, text, table.concat(repaired, ';'), results}
end
