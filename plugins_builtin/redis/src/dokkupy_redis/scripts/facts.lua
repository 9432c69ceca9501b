-- What the keys hold, as digests of values alone, never of a server's own form of them, so that all versions agree.
--   scan CURSOR COUNT     -> `CURSOR WORK`, then a line for each key: `NAME-DIGEST TYPE DIGEST`, or `big TYPE NAME`
--   slice NAME TYPE FROM  -> `FROM`, then lines for a part of a large key; FROM is `end` after the last one
-- Names are hexadecimal. Keys and fields with a lifetime are left out: they may end between two looks. The parts of a
-- large key are looked at one by one, so that the server is never held up for long; their lines are to be sorted, and
-- are the same when a part comes twice.
local LIMIT, BYTES, SLICE = 10000, 1000000, 5000
local call = redis.call

local function digest(text)
  return string.sub(redis.sha1hex(text), 1, 24)
end

local function pack(...)
  local text = ''
  for _, part in ipairs({...}) do
    part = tostring(part)
    text = text .. #part .. ':' .. part
  end
  return text
end

-- The same in whatever order they come.
local function sum(elements)
  local total = 0
  for _, one in ipairs(elements) do
    total = (total + tonumber(string.sub(redis.sha1hex(one), 1, 12), 16)) % 281474976710656
  end
  return string.format('%.0f', total)
end

local function chain(elements)
  return digest(table.concat(elements))
end

local function named(flat)
  local found = {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

local function packed(found)
  local elements = {}
  for i, one in ipairs(found) do elements[i] = pack(one) end
  return elements
end

local function scored(found)
  local elements = {}
  -- Versions differ in how many digits of a score they print.
  for i = 1, #found, 2 do elements[#elements + 1] = pack(found[i], string.format('%.17g', tonumber(found[i + 1]))) end
  return elements
end

-- Whether fields have lifetimes of their own, since Redis 7.4; of those, the ones that have none.
local field_lifetimes = true
local function fields(key, found)
  local elements = {}
  if call('OBJECT', 'ENCODING', key) == 'listpack' then field_lifetimes = false end
  for at = 1, #found, 2000 do
    local last, names, ends = math.min(at + 1998, #found), {}, nil
    for i = at, last, 2 do names[#names + 1] = found[i] end
    if field_lifetimes then
      ends = redis.pcall('HPEXPIRETIME', key, 'FIELDS', #names, unpack(names))
      if ends.err then ends = nil end
    end
    for i = at, last, 2 do
      if not ends or ends[(i - at) / 2 + 1] == -1 then elements[#elements + 1] = pack(found[i], found[i + 1]) end
    end
  end
  field_lifetimes = true
  return elements
end

local function entries(found)
  local elements = {}
  for i, entry in ipairs(found) do elements[i] = pack(entry[1], unpack(entry[2])) end
  return elements
end

-- What a stream knows besides its entries: where it is, its groups, and what their consumers have not acknowledged.
local function groups(key)
  local stream = named(call('XINFO', 'STREAM', key))
  local parts = {stream['last-generated-id'], stream['max-deleted-entry-id'] or '', stream['entries-added'] or ''}
  for _, flat in ipairs(call('XINFO', 'GROUPS', key)) do
    local group = named(flat)
    for _, name in ipairs({'name', 'last-delivered-id', 'pending'}) do parts[#parts + 1] = group[name] end
    for _, one in ipairs(call('XINFO', 'CONSUMERS', key, group.name)) do
      local consumer = named(one)
      parts[#parts + 1] = consumer.name
      parts[#parts + 1] = consumer.pending
    end
  end
  return pack(unpack(parts))
end

local SIZE = {string = 'STRLEN', list = 'LLEN', set = 'SCARD', hash = 'HLEN', zset = 'ZCARD', stream = 'XLEN'}

local whole = {}
function whole.string(key) return digest(call('GET', key)) end
function whole.list(key) return chain(packed(call('LRANGE', key, 0, -1))) end
function whole.set(key) return sum(packed(call('SMEMBERS', key))) end
function whole.zset(key) return sum(scored(call('ZRANGE', key, 0, -1, 'WITHSCORES'))) end
function whole.stream(key) return digest(chain(entries(call('XRANGE', key, '-', '+'))) .. groups(key)) end
function whole.hash(key)
  local elements = fields(key, call('HGETALL', key))
  return #elements > 0 and sum(elements) or nil
end

local function scan(cursor, count)
  local answer = call('SCAN', cursor, 'COUNT', count)
  local work, lines = 0, {}
  for _, key in ipairs(answer[2]) do
    work = work + 1
    if call('PTTL', key) == -1 then
      local kind = call('TYPE', key).ok
      -- Of modules' types only the number is known.
      local size = SIZE[kind] and call(SIZE[kind], key) or 0
      if size > (kind == 'string' and BYTES or LIMIT) then
        local name = string.gsub(key, '.', function(c) return string.format('%02x', string.byte(c)) end)
        lines[#lines + 1] = 'big ' .. kind .. ' ' .. name
      else
        work = work + (kind == 'string' and size / 500 or size)
        local found = not SIZE[kind] and '-' or whole[kind](key)
        if found then lines[#lines + 1] = digest(key) .. ' ' .. kind .. ' ' .. found end
      end
    end
  end
  return answer[1] .. ' ' .. string.format('%.0f', work) .. '\n' .. table.concat(lines, '\n')
end

local function ordered(from, elements, step)
  return #elements < step and 'end' or tostring(from + step), {string.format('%012d ', from) .. chain(elements)}
end

local function each(cursor, elements)
  for i, one in ipairs(elements) do elements[i] = digest(one) end
  return cursor == '0' and 'end' or cursor, elements
end

local part = {}
function part.string(key, from)
  local text = call('GETRANGE', key, from, from + BYTES - 1)
  return #text < BYTES and 'end' or tostring(from + BYTES), {string.format('%012d ', from) .. digest(text)}
end
function part.list(key, from)
  return ordered(from, packed(call('LRANGE', key, from, from + SLICE - 1)), SLICE)
end
function part.zset(key, from)
  return ordered(from, scored(call('ZRANGE', key, from, from + SLICE - 1, 'WITHSCORES')), SLICE)
end
function part.set(key, from)
  local answer = call('SSCAN', key, from, 'COUNT', SLICE)
  return each(answer[1], packed(answer[2]))
end
function part.hash(key, from)
  local answer = call('HSCAN', key, from, 'COUNT', SLICE)
  return each(answer[1], fields(key, answer[2]))
end
function part.stream(key, from)
  local found = call('XRANGE', key, from == 0 and '-' or '(' .. from, '+', 'COUNT', SLICE)
  local lines = {'entries ' .. (found[1] and found[1][1] or '') .. chain(entries(found))}
  if from == 0 then lines[2] = 'groups ' .. digest(groups(key)) end
  return #found < SLICE and 'end' or found[#found][1], lines
end

if ARGV[1] == 'scan' then return scan(ARGV[2], ARGV[3]) end
local key = string.gsub(ARGV[2], '..', function(two) return string.char(tonumber(two, 16)) end)
-- Positions and cursors; the id of a stream's entry is none. A cursor can have more digits than a number.
local from = (ARGV[3] == 'set' or ARGV[3] == 'hash') and ARGV[4] or tonumber(ARGV[4]) or ARGV[4]
local following, lines = part[ARGV[3]](key, from)
return following .. '\n' .. table.concat(lines, '\n')
