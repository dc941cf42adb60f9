#!lua
-- expire: ends an order's reservation if its deadline has passed, else does nothing.
-- with: reservations.lua
--
-- Codes: OUTCOME.kOk  -1  -3  -5

local function Expire(command)
  local reservation = command.reservation
  if held or not reservation or reservation.state ~= 'reserved' or reservation.deadline > now then
    return OUTCOME.kOk
  end
  PutReservation(KEYS[command.key], command.order, 'expired', reservation.deadline,
                 reservation.lines)
  for _, line in ipairs(command.lines) do
    local book = line.book
    Move(book, 7, line.quantity, book.available + line.quantity, book.locked - line.quantity,
         command.order, '', '', command.actor)
    Put(KEYS[line.key + 1], line.quantity .. ' expired', true)
  end
  return OUTCOME.kOk
end

return EachReservation(Expire, true)
