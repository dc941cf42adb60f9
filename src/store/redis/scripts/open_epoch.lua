#!lua
-- Opens a store that was loaded, in a new epoch.
--
-- KEYS[1] epoch, KEYS[2] outbox   ARGV[1] token, ARGV[2] the new epoch, ARGV[3] time in ms that its
-- clock is not before
-- Answer: 1, or 0 where the store is closed under another token, or open

if redis.call('HGET', KEYS[1], 'epoch') ~= 'rebuilding:' .. ARGV[1] then return 0 end
local outbox = redis.call('TYPE', KEYS[2]).ok
if outbox ~= 'stream' and outbox ~= 'none' then redis.call('DEL', KEYS[2]) end
local time = math.max(tonumber(ARGV[3]), tonumber(redis.call('HGET', KEYS[1], 'time')) or 0)
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'entries', 0, 'movements', 0, 'time',
           string.format('%d', time))
return 1
