-- Posts sales of three deliveries and a meter reading, each with a key of its own, and prints one line of JSON.
-- wrk -s sale.lua URL -- FILE FIRST; the file holds three lines of words: customers, tokens, equipment.
local tokens, customers, equipment, at = {}, {}, {}, 0

local function words(line)
  local found = {}
  for word in line:gmatch("%S+") do found[#found + 1] = word end
  return found
end

function init(args)
  local lines = io.lines(args[1])
  customers, tokens, equipment = words(lines()), words(lines()), words(lines())
  at = tonumber(args[2])
end

function request()
  at = at + 1
  local round = math.floor(at / #customers)
  local body = string.format(
    '{"customer":%s,"client_temp_id":"bench-%d","current_meter_reading":"%d.500","items":['
      .. '{"item_type":"DELIVERY","equipment":%s,"quantity":2},'
      .. '{"item_type":"DELIVERY","equipment":%s,"quantity":1},'
      .. '{"item_type":"DELIVERY","equipment":%s,"quantity":1}]}',
    customers[at % #customers + 1], at, 200 + round * 3,
    equipment[at % #equipment + 1], equipment[(at + 1) % #equipment + 1], equipment[(at + 2) % #equipment + 1])
  local headers = {
    ["Authorization"] = "Bearer " .. tokens[at % #tokens + 1],
    ["Content-Type"] = "application/json",
  }
  return wrk.format("POST", "/api/v1/transactions/", headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"per_second": %.1f, "p50_ms": %.2f, "p95_ms": %.2f, "done": %d, "failed": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    summary.requests, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
