-- SPDX-License-Identifier: GPL-2.0-or-later
-- What one client of the service asks, for wrk: place an order, list the newest, show the one
-- that was placed, and again. Arguments: folder, token, first address, addresses of each client.
-- Each client has a thread, and a file of its own in the folder, named by its number: a line for
-- each answer with what, status, began, seconds (of the monotonic clock), order, address.

local ffi = require("ffi")
ffi.cdef [[
struct instant { long seconds; long nanoseconds; };
int clock_gettime(int clock, struct instant *now);
]]
local MONOTONIC = 1
local now = ffi.new("struct instant")

local function clock()
  ffi.C.clock_gettime(MONOTONIC, now)
  return tonumber(now.seconds) + tonumber(now.nanoseconds) / 1e9
end

local clients = 0

function setup(thread)
  thread:set("number", clients)
  clients = clients + 1
end

function init(arguments)
  folder, token = arguments[1], arguments[2]
  address, each = tonumber(arguments[3]), tonumber(arguments[4])
  address = address + number * each
  told = assert(io.open(folder .. "/" .. number, "w"))
  told:setvbuf("line")
  headers = { Authorization = "Bearer " .. token, ["Content-Type"] = "application/json" }
  what = "place"
end

local function dotted(value)
  local bits = { 16777216, 65536, 256, 1 }
  local parts = {}
  for place, size in ipairs(bits) do
    parts[place] = math.floor(value / size) % 256
  end
  return table.concat(parts, ".")
end

local BODY = '{"demand": {"kind": "block_address", "prefix": "%s"}, "reason": "load", "duration": "1h"}'

function request()
  local made
  if what == "place" then
    -- Asked again after a broken connection: never with the same address.
    address = address + 1
    made = wrk.format("POST", "/api/v1/orders", headers, BODY:format(dotted(address)))
  elseif what == "list" then
    made = wrk.format("GET", "/api/v1/orders?limit=20", headers)
  else
    made = wrk.format("GET", "/api/v1/orders/" .. order, headers)
  end
  began = clock()
  return made
end

function response(status, _, body)
  local seconds = clock() - began
  if what == "place" then
    order = body:match('"id":"([^"]+)"') or "-"
  end
  local line = { what, status, ("%.6f"):format(began), ("%.6f"):format(seconds), order }
  told:write(table.concat(line, " "), " ", dotted(address), "\n")
  local following = { place = "list", list = "show", show = "place" }
  if not (what == "place" and status ~= 201) then
    what = following[what]
  end
end
