#!lua
-- cancel: an order's reserved units can be sold again.
-- with: reservations.lua
--
-- Codes: OUTCOME.kCancelled  OUTCOME.kDuplicateRelease  OUTCOME.kReservationNotFound
--        OUTCOME.kOrderConflict  OUTCOME.kReservationExpired  -1  -2  -3  -5

local function Cancel(command)
  local reservation = command.reservation
  if not reservation then
    -- Remembered: a reserve that arrives late must not hold anything.
    if not held then PutReservation(KEYS[command.key], command.order, 'remembered', 0, '') end
    return OUTCOME.kReservationNotFound
  end
  if reservation.state == 'confirmed' then return OUTCOME.kOrderConflict end
  if reservation.state == 'remembered' then return OUTCOME.kReservationNotFound end
  if reservation.state == 'cancelled' then return OUTCOME.kDuplicateRelease end
  if reservation.state == 'expired' then return OUTCOME.kReservationExpired end
  if held then return OUTCOME.kCancelled end
  PutReservation(KEYS[command.key], command.order, 'cancelled', reservation.deadline,
                 reservation.lines)
  for _, line in ipairs(command.lines) do
    local book = line.book
    Move(book, 6, line.quantity, book.available + line.quantity, book.locked - line.quantity,
         command.order, '', command.reason, command.actor)
    Put(KEYS[line.key + 1], Digits(line.quantity), true)
  end
  return OUTCOME.kCancelled
end

return EachReservation(Cancel, false)
