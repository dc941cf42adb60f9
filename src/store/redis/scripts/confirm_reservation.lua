#!lua
-- confirm: an order's reserved units are sold.
-- with: reservations.lua
--
-- Codes: OUTCOME.kConfirmed  OUTCOME.kDuplicateOrder  OUTCOME.kReservationNotFound
--        OUTCOME.kOrderReleased  OUTCOME.kReservationExpired  -1  -2  -3  -5

local function LineOf(line)
  return Line(Held(KEYS[line.key], redis.call('GET', KEYS[line.key])),
              Held(KEYS[line.key + 1], redis.call('GET', KEYS[line.key + 1])), false, line.fact)
end

-- A duplicate, unless every line was given back since.
local function ConfirmedBefore(command)
  local given_back = true
  for _, line in ipairs(command.lines) do
    local state = LineOf(line)
    if not state then return Lack(-1) end
    given_back = given_back and state == 'returned'
  end
  return given_back and OUTCOME.kOrderReleased or OUTCOME.kDuplicateOrder
end

local function Confirm(command)
  local reservation = command.reservation
  if not reservation then return OUTCOME.kReservationNotFound end
  if reservation.state == 'confirmed' then return ConfirmedBefore(command) end
  if reservation.state == 'expired' then return OUTCOME.kReservationExpired end
  if reservation.state ~= 'reserved' then return OUTCOME.kOrderReleased end
  if held then return OUTCOME.kConfirmed end
  PutReservation(KEYS[command.key], command.order, 'confirmed', reservation.deadline,
                 reservation.lines)
  for _, line in ipairs(command.lines) do
    local book = line.book
    Move(book, 5, line.quantity, book.available, book.locked - line.quantity, command.order, '', '',
         command.actor)
    Put(KEYS[line.key], line.quantity .. ' confirm', true)
  end
  return OUTCOME.kConfirmed
end

return EachReservation(Confirm, false)
