-- KEYS: the event. ARGV: token, fingerprint, lease and grace in milliseconds.
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local state, token, expires, fence, fingerprint = unpack(
    redis.call('HMGET', KEYS[1], 'state', 'token', 'expires', 'fence', 'fingerprint'))

if state and tonumber(expires) > now then
    if state == 'done' or (state == 'claimed' and token ~= ARGV[1]) then
        -- Doubles are exact up to 2^53.
        return {state, math.min(expires - now, 2 ^ 53), fingerprint}
    end
end

-- Microseconds reach 2^53 in the year 2255.
local number = math.max(micros, (tonumber(fence) or 0) + 1)
redis.call('HSET', KEYS[1], 'state', 'claimed', 'token', ARGV[1], 'fingerprint', ARGV[2],
    'expires', string.format('%.0f', now + ARGV[3]), 'fence', string.format('%.0f', number))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[3] + ARGV[4]))
return {'acquired', number, ''}
