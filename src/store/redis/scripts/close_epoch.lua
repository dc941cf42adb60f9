#!lua
-- Closes the store under a token, whatever it holds: nothing is sold until it is opened again.
--
-- KEYS[1] epoch, KEYS[2] outbox   ARGV[1] token
-- Answer: {epoch of the outbox's last entry or 0, its number, entries or -1}

local stored = redis.pcall('HMGET', KEYS[1], 'entries')
if stored.err then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'epoch', 'rebuilding:' .. ARGV[1])
local epoch, number = 0, 0
local last = redis.pcall('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
if not last.err and last[1] then
  local of, at = string.match(last[1][1], '^(%d+)-(%d+)$')
  epoch, number = tonumber(of), tonumber(at)
end
return {epoch, number, not stored.err and tonumber(stored[1]) or -1}
