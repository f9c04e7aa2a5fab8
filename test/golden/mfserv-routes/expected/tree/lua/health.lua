-- Answers a load balancer with the module's status: 200 while it runs, 503 with the reason otherwise.
local KNOWN = { STARTING = true, STOPPING = true, ERROR = true }

local file = io.open(ngx.var.metwork_status_file, "r")
local status = file and file:read("*l") or ""
if file then file:close() end

ngx.header["Content-Type"] = "text/plain"
ngx.header["Cache-Control"] = "no-store"
if status:sub(1, 7) == "RUNNING" then
  ngx.print("OK")
else
  ngx.status = 503
  ngx.print(KNOWN[status] and status or "UNKNOWN")
end
