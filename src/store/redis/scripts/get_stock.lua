#!lua flags=no-writes
-- Reads books, all of one moment.
--
-- KEYS[1] epoch; then of each book: book:<book>, stock:<book>
-- ARGV[1] epoch that the caller knows to be open
-- Answer: {status, now, entries}, then of each book: available, locked, sequence; available is -1
-- where the book is missing, or its view differs: the caller asks the ledger
--   status 0  read
--   status 1  the epoch is another or closed

local header = redis.call('HMGET', KEYS[1], 'epoch', 'entries', 'time')
local time = redis.call('TIME')
local now = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(header[3]) or 0)
local epoch = ARGV[1]
if header[1] ~= epoch then return {1, now, 0} end
local answer = {0, now, tonumber(header[2])}
for key = 2, #KEYS, 2 do
  local stored = redis.pcall('HMGET', KEYS[key], 'available', 'locked', 'sequence', 'epoch')
  local view = redis.pcall('GET', KEYS[key + 1])
  local at = #answer
  if not stored.err and stored[4] == epoch and stored[1] == view then
    answer[at + 1], answer[at + 2], answer[at + 3] = tonumber(view), tonumber(stored[2]),
        tonumber(stored[3])
  else
    answer[at + 1], answer[at + 2], answer[at + 3] = -1, 0, 0
  end
end
return answer
