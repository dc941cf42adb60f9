-- What the verbs that end a reservation share: confirm, cancel and expire.
--
-- Their own KEYS, of each command:  reservation:<order>, and of each declared line
--                                   deduct:stock:<book>:<order>, release:stock:<book>:<order>
-- Their own ARGV: how many commands; then of each: order, what the ledger says of the reservation
--                 ('' not asked, '-' none, '<state> <deadline> <lines>'), reason, actor, the declared
--                 lines '<book>:<quantity>,…', their number, and of each: index of its book from 1,
--                 what the ledger says of the line
-- Answer, of each command: code; the reservation's lines where the code is -3, else ''; available
-- of each declared line

-- Calls decide(command) for each command whose reservation and books are known; it answers the code,
-- and acts unless `held`. An open reservation that has passed is shown only to who `expires`.
local function EachReservation(decide, expires)
  redis.call('ZCARD', KEYS[3])  -- an error here, where nothing is written yet
  local results, key, arg = {}, next_key, next_arg + 1
  for _ = 1, tonumber(ARGV[next_arg]) do
    local command = {key = key, order = ARGV[arg], reason = ARGV[arg + 2], actor = ARGV[arg + 3],
                     lines = {}}
    local declared, line_count = ARGV[arg + 4], tonumber(ARGV[arg + 5])
    local fact, all_known = ARGV[arg + 1], true
    for line = 1, line_count do
      local book = Book(tonumber(ARGV[arg + 4 + 2 * line]))
      command.lines[line] = {book = book, key = key + 2 * line - 1, fact = ARGV[arg + 5 + 2 * line]}
      all_known = all_known and book ~= nil
    end
    local at = 0
    for quantity in string.gmatch(declared, ':(%d+)') do
      at = at + 1
      command.lines[at].quantity = tonumber(quantity)
    end

    local text = Held(KEYS[key], redis.call('GET', KEYS[key]))
    local reservation = Reservation(text)
    if not reservation then
      if not facts_are_fresh then fact = '' end
      if fact ~= '' and fact ~= '-' then reservation = Reservation(fact) end
    end
    command.reservation = reservation
    local code, detail = nil, ''
    if not reservation and fact == '' then
      code = Lack(-1)
    elseif reservation and reservation.lines ~= declared then
      code, detail = Lack(-3), reservation.lines
    elseif not all_known then
      code = Lack(-1)
    elseif reservation and reservation.state == 'reserved' and reservation.deadline <= now and
        not expires then
      code = Lack(-2)
    else
      local was_held = held
      code = decide(command)
      if was_held and code >= 0 then code = -5 end
    end
    results[#results + 1] = code
    results[#results + 1] = detail
    for _, line in ipairs(command.lines) do
      results[#results + 1] = line.book and line.book.available or 0
    end
    key, arg = key + 1 + 2 * line_count, arg + 6 + 2 * line_count
  end
  return Finish(results)
end
