-- KEYS: the event. ARGV: token, fingerprint, retention in milliseconds.
local state, token = unpack(redis.call('HMGET', KEYS[1], 'state', 'token'))
if state ~= 'claimed' or token ~= ARGV[1] then
    return 0
end
local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)
redis.call('HSET', KEYS[1], 'state', 'done', 'fingerprint', ARGV[2],
    'expires', string.format('%.0f', now + ARGV[3]))
-- A done event is kept for its whole retention, and needs no token.
redis.call('HDEL', KEYS[1], 'token')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
