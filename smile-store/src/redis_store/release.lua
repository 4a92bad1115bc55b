-- KEYS: the event. ARGV: token, grace in milliseconds.
local state, token = unpack(redis.call('HMGET', KEYS[1], 'state', 'token'))
if state ~= 'claimed' or token ~= ARGV[1] then
    return 0
end
-- Kept without its claim, for the fence.
redis.call('HSET', KEYS[1], 'state', 'free', 'expires', '0')
redis.call('HDEL', KEYS[1], 'token', 'fingerprint')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
