#!lua flags=no-writes
-- Reads books as they stand, whether or not they are in order.
--
-- KEYS[1] epoch; then of each book: book:<book>, stock:<book>
-- ARGV[1] epoch that the caller knows to be open
-- Answer: {status, entries}, then of each book five texts: available, locked, sequence, epoch, view;
-- '' where there is none, '?' where the key is of another type
--   status 0  read
--   status 1  the epoch is another or closed

local header = redis.call('HMGET', KEYS[1], 'epoch', 'entries')
if header[1] ~= ARGV[1] then return {1, 0} end
local answer = {0, tonumber(header[2])}
for key = 2, #KEYS, 2 do
  local stored = redis.pcall('HMGET', KEYS[key], 'available', 'locked', 'sequence', 'epoch')
  for at = 1, 4 do answer[#answer + 1] = stored.err and '?' or stored[at] or '' end
  local view = redis.pcall('GET', KEYS[key + 1])
  answer[#answer + 1] = type(view) == 'table' and '?' or view or ''
end
return answer
