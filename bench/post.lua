-- Posts {} to one address after another, read from a file, each with a key of its own, and prints one line of JSON.
-- wrk -s post.lua URL -- TOKEN FILE FIRST
local token, paths, at = "", {}, 0

function init(args)
  token, at = args[1], tonumber(args[3])
  for line in io.lines(args[2]) do paths[#paths + 1] = line end
end

function request()
  at = at + 1
  local path = paths[at] or "/ran-out-of-work"
  local headers = {
    ["Authorization"] = "Bearer " .. token,
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = "bench" .. path,
  }
  return wrk.format("POST", path, headers, "{}")
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"per_second": %.1f, "p50_ms": %.2f, "p95_ms": %.2f, "done": %d, "failed": %d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    summary.requests, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
