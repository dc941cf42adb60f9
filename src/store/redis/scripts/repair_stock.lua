#!lua
-- Puts a book right that stands as it was found, and only then.
--
-- KEYS[1] epoch, KEYS[2] book:<book>, KEYS[3] stock:<book>
-- ARGV[1] epoch that the caller knows to be open; ARGV[2…6] available, locked, sequence, epoch and
-- view as inspect_stock told them; ARGV[7…9] what they shall be
-- Answer: 1, or 0 where something has moved since, or the epoch is another

if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
local stored = redis.pcall('HMGET', KEYS[2], 'available', 'locked', 'sequence', 'epoch')
for at = 1, 4 do
  if (stored.err and '?' or stored[at] or '') ~= ARGV[1 + at] then return 0 end
end
local view = redis.pcall('GET', KEYS[3])
if (type(view) == 'table' and '?' or view or '') ~= ARGV[6] then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'available', ARGV[7], 'locked', ARGV[8], 'sequence', ARGV[9], 'epoch',
           ARGV[1])
redis.call('SET', KEYS[3], ARGV[7])
return 1
