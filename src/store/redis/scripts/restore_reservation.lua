#!lua
-- Puts back an open reservation that Redis has lost and the ledger knows.
--
-- KEYS[1] epoch, KEYS[2] reservations:due, KEYS[3] reservation:<order>
-- ARGV[1] epoch, ARGV[2] when the caller was told that it is missing (ms), ARGV[3] ttl (ms),
-- ARGV[4] time instead of TIME or '', ARGV[5] order, ARGV[6] deadline, ARGV[7] lines
-- Answer: 1 put back; 0 not, for it is there, or the epoch is another, or what is known is too old

local header = redis.call('HMGET', KEYS[1], 'epoch', 'time')
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
now = math.max(now, tonumber(header[2]) or 0)
if header[1] ~= ARGV[1] or now - ARGV[2] > ARGV[3] / 2 then return 0 end
local stored = redis.pcall('GET', KEYS[3])
if type(stored) == 'string' and string.match(stored, ' (%d+)$') == ARGV[1] then return 0 end
redis.call('ZADD', KEYS[2], ARGV[6], ARGV[5])
redis.call('SET', KEYS[3], 'reserved ' .. ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. ARGV[1])
return 1
