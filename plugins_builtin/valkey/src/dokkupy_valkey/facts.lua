-- Some keys of a database: the next cursor, then `NAME-DIGEST TYPE CONTENT-DIGEST` of each key without a lifetime (one
-- with a lifetime may end between two looks). Of values alone, in no order where they have none: a server of another
-- version says the same of the same content.
local READ = {
  string = {'GET'}, list = {'LRANGE', 0, -1}, set = {'SMEMBERS'}, hash = {'HGETALL'},
  zset = {'ZRANGE', 0, -1, 'WITHSCORES'}, stream = {'XRANGE', '-', '+'},
}
local STEP = {set = 1, hash = 2, zset = 2}

local function digest(value)
  if type(value) == 'table' then
    local parts = {}
    for i, one in ipairs(value) do parts[i] = digest(one) end
    value = table.concat(parts)
  end
  return redis.sha1hex(value)
end

local function unordered(value, step)
  local sum = 0
  for i = 1, #value, step do
    local one = digest({value[i], value[i + step - 1]})
    sum = (sum + tonumber(string.sub(one, 1, 12), 16)) % 281474976710656
  end
  return string.format('%.0f', sum)
end

local answer = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local lines = {answer[1]}
for _, key in ipairs(answer[2]) do
  local kind = redis.call('TYPE', key).ok
  local read = READ[kind]
  if read and redis.call('PTTL', key) == -1 then
    local value = redis.call(read[1], key, unpack(read, 2))
    local found = STEP[kind] and unordered(value, STEP[kind]) or digest(value)
    lines[#lines + 1] = redis.sha1hex(key) .. ' ' .. kind .. ' ' .. found
  end
end
return table.concat(lines, '\n')
