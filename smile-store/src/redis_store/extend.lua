-- KEYS: the event. ARGV: token, lease and grace in milliseconds.
local state, token = unpack(redis.call('HMGET', KEYS[1], 'state', 'token'))
if state ~= 'claimed' or token ~= ARGV[1] then
    return 0
end
local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)
redis.call('HSET', KEYS[1], 'expires', string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[2] + ARGV[3]))
return 1
